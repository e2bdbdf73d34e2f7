# Shared by the scripts of this folder: a virtual environment with the right packages in it. Sourced, not run.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
root=$(pwd)
python="$root/.venv/bin/python"

say() { printf '%s\n' "$*" >&2; }

# The newest-named first would be no better than the oldest supported: any from 3.11 on will do.
find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3.14 python3 python; do
        if "$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    say "No Python from 3.11 on was found (tried python3.11 to python3.14, python3, python)."
    say "Install it, with its venv module: on Debian or Ubuntu, apt-get install python3 python3-venv."
    return 1
}

make_venv() {
    if [ -x "$python" ] && "$python" -c 'import pip' 2>/dev/null; then return 0; fi
    local base
    base=$(find_python) || return 1
    say "Making .venv with $("$base" --version) …"
    "$base" -m venv --clear "$root/.venv" || {
        say "The virtual environment could not be made; on Debian or Ubuntu the package python3-venv is needed."
        return 1
    }
}

# install FILE.txt: what FILE.lock says, files with the right hashes only, and only when that changed since the last time.
install() {
    make_venv || return 1
    local lock="${1%.txt}.lock" wanted stamp="$root/.venv/installed-$1"
    wanted=$(cksum <"$root/$lock")
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    say "Installing $1 (once) …"
    "$python" -m pip install -qq --disable-pip-version-check --require-hashes --requirement "$root/$lock" || {
        say "The packages of $1 could not be installed; pip's message is above."
        return 1
    }
    printf '%s\n' "$wanted" >"$stamp"
}
