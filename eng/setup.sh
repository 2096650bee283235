#!/usr/bin/env bash
# Checks what ForegSyte needs on this machine and installs what is missing, where it may. Quick when nothing is.
#   eng/setup.sh          the .NET SDK and ffmpeg: enough to build, run and test; bubblewrap where it can be had
#   eng/setup.sh --lint   buf too, for the checks of the contracts
#   eng/setup.sh --contracts   buf, and what makes and runs clients in C++, Python and Node.js
#   eng/setup.sh --accuracy   fonts too, in which lines of text are written that are then read
#   eng/setup.sh --bench  OpenCV and Node.js too, with which the benchmark's peers run
#   eng/setup.sh --test   strace, faketime, s3rver, zsh and fish too: tests slow the disk down, move the clock, fetch
#                         from S3 and complete in the shells
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

# install PACKAGE...: from this system's Debian packages; false, with the reason in $why, where that cannot be.
install() {
  local apt=(apt-get) log
  if ! command -v apt-get >/dev/null; then why="Install it with this system's package manager."; return 1; fi
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      apt=(sudo -n apt-get)
    else
      why="Installing it needs root. Run: sudo apt-get install $*"
      return 1
    fi
  fi
  say "setup: installing $* (Debian packages) ..."
  log=$(mktemp)
  if ! { "${apt[@]}" update -qq && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y -qq --no-install-recommends "$@"; } \
      >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    why="It could not be installed (log: $log). Install it by hand."
    return 1
  fi
  rm -f "$log"
}

need_ffmpeg() {
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null && return
  install ffmpeg || fail "ffmpeg is missing. $why Then run this again."
}

# What confines the processes that read videos; without it the services run at a lower sandbox level, and say so.
want_sandbox() {
  local why
  command -v bwrap >/dev/null || install bubblewrap ||
    say "setup: bubblewrap is missing, so decoders see the file system of the service. $why"
}

# What some tests use to make faults, and the shells in which the command line is completed; tests skip, and say so, where
# it is missing.
want_test_tools() {
  local missing=() why
  command -v strace >/dev/null || missing+=(strace)
  command -v faketime >/dev/null || missing+=(faketime)
  command -v zsh >/dev/null || missing+=(zsh)
  command -v fish >/dev/null || missing+=(fish)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so some tests skip. $why"
}

need_fonts() {
  [ -f /usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf ] && return
  install fonts-dejavu-core || fail "the fonts of fonts-dejavu-core are missing. $why Then run this again."
}

# What the benchmark compares ForegSyte with; it leaves out, and says so, what is missing.
want_peers() {
  local missing=() why
  /usr/bin/python3 -c 'import cv2, onnx' 2>/dev/null || missing+=(python3-opencv python3-onnx)
  command -v npm >/dev/null || missing+=(npm)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so some peers are left out. $why"
}

# The S3 server that a test fetches from; it skips, and says so, where this is missing.
want_s3rver() {
  local wanted
  wanted=$(sed -n 's/.*"s3rver": "\(.*\)".*/\1/p' package.json)
  [ "$(sed -n 's/^  "version": "\(.*\)".*/\1/p' node_modules/s3rver/package.json 2>/dev/null)" = "$wanted" ] && return
  command -v npm >/dev/null || { say "setup: npm (Node.js) is missing, so a test of s3 uris skips."; return; }
  say "setup: installing s3rver $wanted (npm) ..."
  npm install --package-lock=false --no-audit --no-fund --loglevel=error >&2 ||
    say "setup: s3rver could not be installed, so a test of s3 uris skips."
}

need_buf() {
  local wanted
  wanted=$(sed -n 's/.*"@bufbuild\/buf": "\(.*\)".*/\1/p' package.json)
  [ "$(node_modules/.bin/buf --version 2>/dev/null)" = "$wanted" ] && [ -x node_modules/.bin/protoc-gen-es ] && return
  command -v npm >/dev/null || install npm ||
    fail "npm is missing. $why It comes with Node.js 18 or later, and brings buf, which checks the protos."
  say "setup: installing buf $wanted (npm) ..."
  # Without a lock file: package.json names the exact version, which names those of its binaries; a lock would list the
  # binaries of one platform only, and npm refuses it then.
  npm install --package-lock=false --no-audit --no-fund --loglevel=error >&2 || fail "npm install failed; see above."
}

# The same for tests, which skip where it is missing.
want_buf() { (need_buf) || say "setup: buf: missing, so some tests skip."; }

# What makes and runs clients in other languages. Their tests skip, and say so, where it is missing.
want_clients() {
  local missing=() why
  command -v protoc >/dev/null || missing+=(protobuf-compiler)
  command -v grpc_cpp_plugin >/dev/null || missing+=(protobuf-compiler-grpc)
  command -v g++ >/dev/null || missing+=(g++)
  command -v cmake >/dev/null || missing+=(cmake)
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  pkg-config --exists grpc++ protobuf 2>/dev/null || missing+=(libgrpc++-dev libprotobuf-dev)
  /usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || missing+=(python3-grpcio python3-protobuf)
  command -v npm >/dev/null || missing+=(npm)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so some tests skip. $why"
}

need_dotnet
need_ffmpeg
want_sandbox
case "${1:-}" in
  --lint) need_buf ;;
  --contracts) want_clients; want_buf ;;
  --bench) want_peers ;;
  --test) want_test_tools; want_s3rver ;;
  --accuracy) need_fonts ;;
esac
