#!/usr/bin/env bash
# Checks the tools that ForegSyte needs and installs missing ones if it may. Quick if nothing is missing.
#   eng/setup.sh          the .NET SDK and ffmpeg, to build and run; bubblewrap if it can be installed
#   eng/setup.sh --lint   also buf and redocly, to check the contracts
#   eng/setup.sh --contracts   also buf, and the tools to build and run clients in C++, Python and Node.js
#   eng/setup.sh --release   also what packages for Debian need, and the tools of --contracts
#   eng/setup.sh --accuracy   also fonts, to render text lines, and clips and photos with labels
#   eng/setup.sh --cluster   also PostgreSQL, Patroni, etcd, Ceph and the tools of --test, for `make cluster`
#   eng/setup.sh --bench  also OpenCV and Node.js, for the peers of the benchmark
#   eng/setup.sh --test   also strace, faketime, promtool, s3rver, zsh, fish, PostgreSQL, Ceph and Chromium, for tests that delay
#                         system calls, move the clock, check alert rules, download from S3, complete commands in shells, run
#                         several JobServices and open the web page
#   eng/setup.sh --web    also Chromium, for the tests and the pictures of the web page
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

need_dotnet() {
  local version
  command -v dotnet >/dev/null ||
    fail "the .NET SDK is missing. Install version 10 (https://dot.net) and run this again."
  version=$(dotnet --version 2>/dev/null) ||
    fail "no installed .NET SDK matches global.json. Install version 10 (https://dot.net) and run this again."
  [ "${version%%.*}" -ge 10 ] || fail "the .NET SDK is $version; version 10 is needed (https://dot.net)."
}

# as_root COMMAND...: runs a command as root, also by a sudo that asks for no password.
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

# install PACKAGE...: installs Debian packages; on failure returns false with the reason in $why.
install() {
  local apt=(as_root apt-get) log
  if ! command -v apt-get >/dev/null; then why="Install it with this system's package manager."; return 1; fi
  if [ "$(id -u)" -ne 0 ] && ! { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; then
    why="Installing it needs root. Run: sudo apt-get install $*"
    return 1
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
  install ffmpeg || fail "ffmpeg is missing. $why Then run this command again."
}

# The sandbox of the decoders. Without it the service runs at a lower sandbox level and logs that.
want_sandbox() {
  local why
  command -v bwrap >/dev/null || install bubblewrap ||
    say "setup: bubblewrap is missing, so decoders run at a lower sandbox level. $why"
}

# Fault injection tools and shells for some tests, which skip with a message if they are missing.
want_test_tools() {
  local missing=() why
  command -v strace >/dev/null || missing+=(strace)
  command -v faketime >/dev/null || missing+=(faketime)
  command -v zsh >/dev/null || missing+=(zsh)
  command -v fish >/dev/null || missing+=(fish)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so some tests skip. $why"
}

# promtool checks the alert rules; their tests skip with a message if it is missing. The package is only unpacked: installing
# it would start a server.
want_promtool() {
  local tools=out/tools folder
  if command -v promtool >/dev/null || [ -x "$tools/promtool" ]; then return; fi
  say "setup: fetching promtool (Debian package prometheus) ..."
  folder=$(mktemp -d)
  download() { (cd "$folder" && apt-get download -qq prometheus) >/dev/null 2>&1; }
  if { download || { [ "$(id -u)" -eq 0 ] && apt-get update -qq >/dev/null 2>&1 && download; }; } &&
      dpkg-deb -x "$folder"/*.deb "$folder" && mkdir -p "$tools" && cp "$folder/usr/bin/promtool" "$tools/"; then
    :
  else
    say "setup: promtool: missing, so the tests of the alert rules skip. It is in Debian's package prometheus."
  fi
  rm -rf "$folder"
}

# Servers for the tests of several JobServices. The tests start their own and skip with a message if one is missing.
want_postgres() {
  local why config=/etc/postgresql-common/createcluster.conf
  if compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then return; fi
  # Without this setting, the package creates a database and starts a server.
  { install postgresql-common &&
    { grep -q '^create_main_cluster' $config || echo 'create_main_cluster = false' | as_root tee -a $config >/dev/null; } &&
    install postgresql; } || say "setup: PostgreSQL: missing, so some tests skip. $why"
}

# A standby of PostgreSQL for `make cluster PARTS=failover`.
want_patroni() {
  local missing=() why
  command -v patroni >/dev/null || missing+=(patroni)
  command -v etcd >/dev/null || missing+=(etcd-server)
  /usr/bin/python3 -c 'import etcd' 2>/dev/null || missing+=(python3-etcd)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so failover is left out. $why"
}

want_ceph() {
  local missing=() why
  command -v ceph-mon >/dev/null || missing+=(ceph-mon)
  command -v ceph-osd >/dev/null || missing+=(ceph-osd)
  command -v ceph-mgr >/dev/null || missing+=(ceph-mgr)
  command -v radosgw >/dev/null || missing+=(radosgw)
  command -v curl >/dev/null || missing+=(curl)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so some tests skip. $why"
}

# The browser of the tests of the web page, which skip with a message if it is missing.
want_chromium() {
  local why
  command -v chromium >/dev/null || install chromium || say "setup: chromium: missing, so the tests of the web page skip. $why"
}

need_fonts() {
  local package missing=() why
  for package in dejavu-core dejavu-extra liberation2 roboto-hinted open-sans lato crosextra-carlito crosextra-caladea hack-ttf \
      comfortaa quicksand freefont-ttf sil-gentium-basic cantarell dosis ebgaramond cabin courier-prime yanone-kaffeesatz; do
    dpkg -s "fonts-$package" >/dev/null 2>&1 || missing+=("fonts-$package")
  done
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || fail "${missing[*]}: missing. $why Then run this again."
}

# Clips and photos. The packages are only unpacked, because their programs are not needed.
need_photos() {
  local packages=out/accuracy/packages folder name
  for name in opencv-doc darknet python3-skimage; do
    [ ! -f "$packages/.$name" ] || continue
    say "setup: fetching photos (Debian package $name) ..."
    folder=$(mktemp -d)
    mkdir -p "$packages"
    { (cd "$folder" && apt-get download -qq "$name") || { as_root apt-get update -qq && (cd "$folder" && apt-get download -qq "$name"); }
    } >/dev/null 2>&1 && dpkg-deb -x "$folder"/*.deb "$packages" && touch "$packages/.$name" ||
      { rm -rf "$folder"; fail "Debian's package $name is missing. Unpack it into $packages, and run this again."; }
    rm -rf "$folder"
  done
}

# Peers of the benchmark, which reports and omits missing ones.
want_peers() {
  local missing=() why
  /usr/bin/python3 -c 'import cv2, onnx' 2>/dev/null || missing+=(python3-opencv python3-onnx)
  command -v npm >/dev/null || missing+=(npm)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so some peers are left out. $why"
}

# npm packages for tests: an S3 server and a Dockerfile linter. Tests skip with a message if they are missing.
want_s3rver() {
  local wanted
  wanted=$(sed -n 's/.*"s3rver": "\(.*\)".*/\1/p' package.json)
  [ "$(sed -n 's/^  "version": "\(.*\)".*/\1/p' node_modules/s3rver/package.json 2>/dev/null)" = "$wanted" ] &&
    [ -x node_modules/.bin/dockerfile-utils ] && return
  command -v npm >/dev/null || { say "setup: npm (Node.js) is missing, so tests of s3 uris and of the Dockerfile skip."; return; }
  say "setup: installing s3rver $wanted and a linter (npm) ..."
  npm ci --no-audit --no-fund --loglevel=error >&2 ||
    say "setup: installation failed, so tests of s3 uris and of the Dockerfile skip."
}

need_buf() {
  local wanted
  wanted=$(sed -n 's/.*"@bufbuild\/buf": "\(.*\)".*/\1/p' package.json)
  [ "$(node_modules/.bin/buf --version 2>/dev/null)" = "$wanted" ] && [ -x node_modules/.bin/protoc-gen-es ] &&
    [ -x node_modules/.bin/redocly ] && return
  command -v npm >/dev/null || install npm ||
    fail "npm is missing. $why It comes with Node.js 18 or later, and brings buf, which checks the protos."
  say "setup: installing buf $wanted and redocly (npm) ..."
  npm ci --no-audit --no-fund --loglevel=error >&2 || fail "npm ci failed; see above."
}

# The same for tests, which skip without it.
want_buf() { (need_buf) || say "setup: buf: missing, so some tests skip."; }

# Tools for clients in other languages. Their tests skip with a message if they are missing.
want_clients() {
  local missing=() module why
  command -v protoc >/dev/null || missing+=(protobuf-compiler)
  command -v grpc_cpp_plugin >/dev/null || missing+=(protobuf-compiler-grpc)
  command -v g++ >/dev/null || missing+=(g++)
  command -v cmake >/dev/null || missing+=(cmake)
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  pkg-config --exists grpc++ protobuf 2>/dev/null || missing+=(libgrpc++-dev libprotobuf-dev)
  /usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || missing+=(python3-grpcio python3-protobuf)
  for module in build setuptools wheel pytest pip; do
    /usr/bin/python3 -c "import $module" 2>/dev/null || missing+=("python3-$module")
  done
  /usr/bin/python3 -c 'import pytest_timeout' 2>/dev/null || missing+=(python3-pytest-timeout)
  command -v mypy >/dev/null || missing+=(mypy)
  command -v npm >/dev/null || missing+=(npm)
  command -v curl >/dev/null || missing+=(curl)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || say "setup: ${missing[*]}: missing, so some tests skip. $why"
}

need_packaging() {
  local missing=() why
  command -v dpkg-deb >/dev/null || missing+=(dpkg)
  command -v lintian >/dev/null || missing+=(lintian)
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}" || fail "${missing[*]}: missing. $why"
}

need_dotnet
need_ffmpeg
want_sandbox
case "${1:-}" in
  --lint) need_buf ;;
  --contracts) want_clients; want_buf ;;
  --release) need_packaging; want_clients; need_buf ;;
  --bench) want_peers ;;
  --test) want_test_tools; want_promtool; want_s3rver; want_postgres; want_ceph; want_chromium ;;
  --web) want_chromium ;;
  --cluster) want_test_tools; want_postgres; want_ceph; want_patroni ;;
  --accuracy) need_fonts; need_photos ;;
esac
