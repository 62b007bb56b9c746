#!/bin/sh
# Write the versions in .venv to requirements.txt, without the build tags of one machine (torch 2.13.0+cpu), and
# without what coursework/requirements.txt pins.
set -eu
cd "$(dirname "$0")/.."
{
    sed -n '/^#/p' requirements.txt
    .venv/bin/python -m pip freeze --exclude losslib | sed 's/+[a-z0-9.]*$//' | grep -vxFf coursework/requirements.txt | LC_ALL=C sort -f
} >requirements.new
mv requirements.new requirements.txt
