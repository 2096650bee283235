#!/usr/bin/env bash
# Generates the OpenAPI document from the contracts' descriptors and checks it with Redocly's linter. Fails if a path of the
# last release is missing.
#   eng/openapi.sh [FOLDER]   write to FOLDER (out/contracts by default) and compare the committed document with it
#   NO_BUILD=1 eng/openapi.sh  the same, without building the generator
#   eng/openapi.sh --write    write src/Protocol/OpenApi/openapi.json, which the JobService serves at /openapi.json
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
# Turns off Redocly's update check and telemetry.
if ! lint=$(REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
    node_modules/.bin/redocly lint --config eng/OpenApi/redocly.yaml "$folder/openapi.json" 2>&1); then
  printf '%s\n' "$lint" >&2
  exit 1
fi

if [ "${1:-}" = --write ]; then
  cp "$folder/openapi.json" "$kept"
elif ! diff -u "$kept" "$folder/openapi.json"; then
  echo "openapi: $kept is out of date: run eng/openapi.sh --write." >&2
  exit 1
fi
echo "openapi: the document lints, and is the one that is kept. $folder/openapi.json"
