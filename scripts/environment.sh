# Sourced by the other scripts: makes virtual environments, and says what is missing.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { # exit status, message
    echo "${0##*/}: $2" >&2
    exit "$1"
}

# The Python to build on: $PYTHON, else python3; 3.11 or newer.
base_python() {
    local python=${PYTHON:-python3}
    command -v "$python" >/dev/null ||
        fail 21 "no $python found; expected Python 3.11 or newer: apt install python3 python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail 21 "$("$python" --version) found; Passerby needs 3.11 or newer (set PYTHON=...)"
    "$python" -c 'import struct, sys; sys.exit(struct.calcsize("P") != 8)' ||
        fail 21 "this Python is 32-bit; the TFLite runtime needs a 64-bit system"
    echo "$python"
}

# Install the Debian packages that tests want, in a container of root's alone: elsewhere a service
# such as sshd would start, which is for a person to decide. Tests without theirs skip and say so.
test_packages() { # program and package, alternately
    local missing=()
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || [ -x "$1" ] || missing+=("$2")
        shift 2
    done
    [ ${#missing[@]} = 0 ] && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! [ -d /run/systemd/system ]; then
        echo "installing ${missing[*]} ..." >&2
        apt-get update -qq
        apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "some tests will be skipped without: apt-get install ${missing[*]}" >&2
    fi
}

# Whether an environment still runs, and is of this Python where $PYTHON asks for a certain one.
made_from() { # folder, python
    "$1/bin/python" -c pass 2>/dev/null || return 1
    [ -n "${PYTHON:-}" ] || return 0
    local wanted
    wanted=$("$2" -c 'import os, platform, sys
print("version =", platform.python_version())
print("executable =", os.path.realpath(sys._base_executable))')
    [ "$(grep -E '^(version|executable) = ' "$1/pyvenv.cfg" | sort)" = "$(sort <<<"$wanted")" ]
}

# What the emulated Pi is made with and runs on.
emulator_packages() {
    test_packages qemu-system-aarch64 qemu-system-arm qemu-img qemu-utils mmdebstrap mmdebstrap \
        /sbin/mkfs.ext4 e2fsprogs /sbin/depmod kmod cpio cpio ssh-keygen openssh-client \
        systemd-sysusers systemd
}

# Make (or bring up to date) a virtual environment with Passerby and some of its extras, editable.
environment() { # folder, extras, further pip arguments
    local folder=$1 extras=$2 python wanted
    shift 2
    python=$(base_python)
    if [ -e "$folder/pyvenv.cfg" ] && ! made_from "$folder" "$python"; then
        echo "$folder was made with another Python, it is made anew ..." >&2
        rm -rf "$folder"
    fi
    # What was installed last time is written down, so that a second run is quick.
    wanted="$extras $* $(sha256sum pyproject.toml)"
    [ "$(cat "$folder/.passerby" 2>/dev/null)" = "$wanted" ] && return
    if ! [ -x "$folder/bin/pip" ]; then
        rm -rf "$folder"
        if ! "$python" -c 'import ensurepip' 2>/dev/null; then
            [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
                fail 21 "this Python cannot make virtual environments: sudo apt install python3-venv"
            apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null
        fi
        "$python" -m venv "$folder"
    fi
    echo "installing Passerby into $folder ..." >&2
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" -e ".[$extras]"
    echo "$wanted" >"$folder/.passerby"
}
