#!/usr/bin/env bash
# Checks the contracts and makes what others need of them.
#   eng/contracts.sh [FOLDER]     out/contracts by default
# openapi.json is the contracts over HTTP with JSON (eng/openapi.sh); foregsyte.binpb is a buf image, with comments, for
# buf (`buf breaking --against`, `buf generate`); foregsyte.protoset a FileDescriptorSet without them, for grpcurl
# (-protoset), buf curl (--schema) and whatever reads descriptors.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-out/contracts}
mkdir -p "$folder"

node_modules/.bin/buf format --diff --exit-code --path protos/foregsyte
node_modules/.bin/buf lint
eng/breaking.sh
eng/openapi.sh "$folder"
node_modules/.bin/buf build --as-file-descriptor-set --exclude-source-info -o "$folder/foregsyte.protoset#format=binpb"
echo "contracts: they lint, and serve the callers of the last release. $folder: foregsyte.binpb, foregsyte.protoset"
