#!/bin/sh
# Put what coursework/requirements.txt pins into .venv, beside the book's packages, which stay as they are.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/installed-coursework
cmp -s coursework/requirements.txt "$stamp" && exit 0
echo "Installing nbgrader and what it needs into .venv ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r coursework/requirements.txt
cp coursework/requirements.txt "$stamp"
