#!/usr/bin/env bash
# Generates the stubs of the examples and builds the examples. Quick if nothing changed.
#   eng/examples.sh                     all languages
#   eng/examples.sh LANGUAGE...         python, node, cpp or csharp
#   eng/examples.sh stubs               only the stubs, beside each example
# Exit code 2: a tool is missing; the last line names it.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p out
made=out/stubs.made

need() { command -v "$1" >/dev/null || none "$1"; }
none() { printf 'examples: %s is missing; eng/setup.sh --contracts installs it.\n' "$*" >&2; exit 2; }

stubs() {
  local plugin language
  [ -x node_modules/.bin/buf ] || none "buf"
  for plugin in protoc grpc_cpp_plugin grpc_python_plugin; do need $plugin; done
  [ -x node_modules/.bin/protoc-gen-es ] || none "protoc-gen-es"
  if [ -e $made ] && [ -z "$(find protos/foregsyte protos/google buf.gen.yaml package.json -newer $made -print -quit)" ]; then
    for language in cpp python node; do [ -d examples/$language/stubs ] || rm -f $made; done
    [ ! -e $made ] || return 0
  fi
  node_modules/.bin/buf generate
  touch $made
}

python() {
  stubs
  /usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || none "python3-grpcio"
}

node() {
  stubs
  need npm
  [ examples/node/node_modules -nt examples/node/package.json ] && return
  npm install --prefix examples/node --package-lock=false --no-audit --no-fund --loglevel=error >&2
  touch examples/node/node_modules
}

cpp() {
  stubs
  need cmake
  need g++
  need pkg-config
  pkg-config --exists grpc++ protobuf || none "libgrpc++-dev"
  cmake -S examples/cpp -B out/examples/cpp --log-level=WARNING >&2
  cmake --build out/examples/cpp -j "$(nproc)" -- --quiet >&2
}

csharp() {
  dotnet build examples/csharp -c "${CONFIGURATION:-Release}" -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly' >&2
}

# Two concurrent runs would write the same stubs.
exec 9>out/examples.lock
flock 9
[ $# -gt 0 ] || set -- python node cpp csharp
for language in "$@"; do
  case "$language" in
    stubs | python | node | cpp | csharp) "$language" ;;
    *) echo "examples: unknown language $language. Use stubs, python, node, cpp or csharp." >&2; exit 1 ;;
  esac
done
