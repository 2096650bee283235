#!/usr/bin/env bash
# Makes the OpenAPI document of the contracts from their descriptors and checks it with Redocly's linter; fails where a
# path of the last release is gone.
#   eng/openapi.sh [FOLDER]   into FOLDER (out/contracts by default), and compare the kept one with it
#   NO_BUILD=1 eng/openapi.sh  the same, with the tool as it is built already
#   eng/openapi.sh --write    keep it: src/Protocol/OpenApi/openapi.json, which the JobService serves at /openapi.json
set -euo pipefail
cd "$(dirname "$0")/.."
configuration=${CONFIGURATION:-Release}
kept=src/Protocol/OpenApi/openapi.json
folder=out/contracts
[ "${1:-}" = --write ] || folder=${1:-$folder}
mkdir -p "$folder"

node_modules/.bin/buf build -o "$folder/foregsyte.binpb"
if [ -z "${NO_BUILD:-}" ]; then
  dotnet build eng/OpenApi -c "$configuration" -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
fi
dotnet "eng/OpenApi/bin/$configuration/net10.0/ForegSyte.OpenApi.dll" \
  "$folder/foregsyte.binpb" protos/released/foregsyte.binpb "$folder/openapi.json"
# It asks a server for newer versions of itself, and tells one how it is used, unless it is told not to.
if ! lint=$(REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
    node_modules/.bin/redocly lint --config eng/OpenApi/redocly.yaml "$folder/openapi.json" 2>&1); then
  printf '%s\n' "$lint" >&2
  exit 1
fi

if [ "${1:-}" = --write ]; then
  cp "$folder/openapi.json" "$kept"
elif ! diff -u "$kept" "$folder/openapi.json"; then
  echo "openapi: $kept is not what the protos make: run eng/openapi.sh --write." >&2
  exit 1
fi
echo "openapi: the document lints, and is the one that is kept. $folder/openapi.json"
