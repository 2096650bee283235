#!/usr/bin/env bash
# Checks what ForegSyte needs on this machine and installs what is missing, where it may. Quick when nothing is.
#   eng/setup.sh          the .NET SDK and ffmpeg: enough to build, run and test
#   eng/setup.sh --lint   buf too, for the checks of the contracts
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

need_dotnet() {
  local version
  command -v dotnet >/dev/null ||
    fail "the .NET SDK is missing. Install version 10 (https://dot.net), then run this again."
  version=$(dotnet --version 2>/dev/null) ||
    fail "no .NET SDK fits global.json. Install version 10 (https://dot.net), then run this again."
  [ "${version%%.*}" -ge 10 ] || fail "the .NET SDK is $version; version 10 is needed (https://dot.net)."
}

need_ffmpeg() {
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null && return
  command -v apt-get >/dev/null ||
    fail "ffmpeg is missing. Install it with this system's package manager, then run this again."
  local apt=(apt-get)
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      apt=(sudo -n apt-get)
    else
      fail "ffmpeg is missing, and installing it needs root. Run: sudo apt-get install ffmpeg"
    fi
  fi
  say "setup: installing ffmpeg (Debian package ffmpeg) ..."
  local log
  log=$(mktemp)
  if ! { "${apt[@]}" update -qq && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y -qq --no-install-recommends ffmpeg; } \
      >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail "ffmpeg could not be installed (log: $log). Install it by hand, then run this again."
  fi
  rm -f "$log"
}

need_buf() {
  local wanted
  wanted=$(sed -n 's/.*"@bufbuild\/buf": "\(.*\)".*/\1/p' package.json)
  [ "$(node_modules/.bin/buf --version 2>/dev/null)" = "$wanted" ] && return
  command -v npm >/dev/null ||
    fail "npm is missing. Install Node.js 18 or later (Debian package npm); it brings buf, which checks the protos."
  say "setup: installing buf $wanted (npm) ..."
  # Without a lock file: package.json names the exact version, which names those of its binaries; a lock would list the
  # binaries of one platform only, and npm refuses it then.
  npm install --package-lock=false --no-audit --no-fund --loglevel=error >&2 || fail "npm install failed; see above."
}

need_dotnet
need_ffmpeg
if [ "${1:-}" = "--lint" ]; then need_buf; fi
