#!/usr/bin/env bash
# Installs what pip cannot: KiCad 9 and the tools that drive and photograph it. Asks apt only for what is missing.
#
# On Debian 12 KiCad 9 comes from bookworm-backports, which is added to apt's sources when absent. On a system
# without apt nothing is installed: a message says what is missing, and the tests that need it skip visibly
# (in CI, where CI=true, they fail instead). Set NO_SYSTEM_SETUP=1 to keep this script from installing anything.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }

kicad_major() {
  local version
  version=$(kicad-cli version 2>/dev/null | cut -d. -f1)
  echo "${version:-0}"
}

needs_kicad() { ! has kicad-cli || [ "$(kicad_major)" -lt 9 ]; }

missing=()
has Xvfb || missing+=(xvfb)
has xdotool || missing+=(xdotool)
has openbox || missing+=(openbox)
has import || missing+=(imagemagick)
has rsvg-convert || missing+=(librsvg2-bin)
if has apt-get; then
  # KiCad makes the plugin's environment with the distribution's own python3, which needs these two
  /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  /usr/bin/python3 -c 'import wx' 2>/dev/null || missing+=(python3-wxgtk4.0)
fi
kicad=no
needs_kicad && kicad=yes

if [ ${#missing[@]} -eq 0 ] && [ "$kicad" = no ]; then
  exit 0
fi
wanted="${missing[*]:-}"
[ "$kicad" = no ] || wanted="$wanted KiCad 9"

give_up() {
  echo "not installed: $wanted"
  echo "  $1"
  [ "${CI:-}" != true ] || { echo "  in CI they are required (CI=true)"; exit 1; }
  echo "  going on without; tests that need them skip and say so"
  exit 0
}

[ -z "${NO_SYSTEM_SETUP:-}" ] || give_up "NO_SYSTEM_SETUP is set"
has apt-get || give_up "this system has no apt-get; install them by hand (KiCad: https://www.kicad.org/download/)"
root=()
if [ "$(id -u)" -ne 0 ]; then
  has sudo || give_up "needs root: run 'sudo tools/system.sh'"
  root=(sudo)
  if ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
    give_up "needs root and cannot ask for a password here: run 'sudo tools/system.sh'"
  fi
fi

echo "installing: $wanted"
release=()
if [ "$kicad" = yes ]; then
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ "$codename" = bookworm ]; then
    if ! apt-cache policy | grep -q 'n=bookworm-backports'; then
      echo "deb http://deb.debian.org/debian bookworm-backports main" |
        "${root[@]}" tee /etc/apt/sources.list.d/bookworm-backports.list >/dev/null
    fi
    release=(-t bookworm-backports)
  fi
fi
lock=(-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
install() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${lock[@]}" install -y -q --no-install-recommends "$@"; }
"${root[@]}" apt-get "${lock[@]}" update -q || give_up "apt-get update failed; is there a network?"
[ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || give_up "apt could not install ${missing[*]}"
if [ "$kicad" = yes ]; then
  install "${release[@]}" kicad || give_up "apt could not install KiCad 9 on ${codename:-this release}"
  ! needs_kicad || give_up "apt offers only KiCad $(kicad_major) on ${codename:-this release}"
fi
