#!/bin/sh
# Make .venv hold the packages of one lock file, and the project itself: scripts/setup.sh LOCK STAMP
#
# Safe to run again: what is there already is kept. uv installs, because it is several times faster than pip; where it
# cannot be had or cannot reach the packages, pip does the same work. Hashes are required either way.
set -eu
cd "$(dirname "$0")/.."
lock=$1
stamp=$2

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! is_new_enough .venv/bin/python; then
    found=""
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            found=$candidate
            break
        fi
    done
    if [ -z "$found" ]; then
        echo "Internet Radar needs Python 3.11 or newer; found: $(python3 --version 2>&1 || true)." >&2
        echo "Install it, or say where it is: make setup PYTHON=/path/to/python3" >&2
        exit 1
    fi
    echo "setup: making .venv with $("$found" --version)"
    rm -rf .venv
    if ! "$found" -m venv .venv; then
        rm -rf .venv
        echo "setup: $found cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi

python=.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1

# uv does not read pip's configuration: hand over where this machine gets its packages from.
use_pip_index() {
    index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="$index"
    fi
}

find_uv() {
    if command -v uv >/dev/null 2>&1; then
        uv=$(command -v uv)
    else
        [ -x .venv/bin/uv ] || "$python" -m pip install --quiet uv 2>/dev/null || return 1
        uv=.venv/bin/uv
    fi
    use_pip_index
}

echo "setup: installing $lock"
if find_uv && "$uv" pip install --quiet --python "$python" --require-hashes -r "$lock"; then
    "$uv" pip install --quiet --python "$python" --no-deps --no-build-isolation --offline --editable .
else
    echo "setup: uv is of no use here, going on with pip (slower)"
    "$python" -m pip install --quiet --require-hashes -r "$lock"
    "$python" -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
fi
touch "$stamp"
