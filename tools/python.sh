#!/usr/bin/env bash
# Prints the Python to build the virtual environment with: $PYTHON, or the first that is 3.11 or newer and has venv.
set -u
for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
  path=$(command -v "$candidate") || continue
  if "$path" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$path"
    exit 0
  fi
  found="${found:-}  $path ($("$path" --version 2>&1))"$'\n'
done
{
  echo "kicad-rdl needs Python 3.11 or newer with the venv module (Debian, Ubuntu: apt-get install python3-venv)."
  [ -z "${found:-}" ] || printf 'Found, but too old or without venv:\n%s' "$found"
  echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..."
} >&2
exit 1
