#!/bin/sh
# Make .venv-bench: what benchmarks/requirements.txt pins, on top of the book's packages, which stay as they are.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv-bench/installed
wanted() { cat benchmarks/requirements.txt; pwd; }
wanted | cmp -s - "$stamp" 2>/dev/null && exit 0

echo "Installing the libraries to compare with into .venv-bench ..."
.venv/bin/python -m venv --clear .venv-bench
packages='import sysconfig; print(sysconfig.get_path("purelib"))'
echo "import site; site.addsitedir('$(.venv/bin/python -c "$packages")')" \
    >"$(.venv-bench/bin/python -c "$packages")/book.pth"
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/requirements.txt
wanted >"$stamp"
