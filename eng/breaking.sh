#!/usr/bin/env bash
# Checks that the contracts still serve callers of the last release, whose descriptors lie in protos/released/.
#   eng/breaking.sh            compare
#   eng/breaking.sh --release  keep the contracts as they are as the released ones
set -euo pipefail
cd "$(dirname "$0")/.."
image=protos/released/foregsyte.binpb
if [ "${1:-}" = "--release" ]; then
  mkdir -p "$(dirname "$image")"
  exec node_modules/.bin/buf build -o "$image"
fi
exec node_modules/.bin/buf breaking --against "$image"
