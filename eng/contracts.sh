#!/usr/bin/env bash
# Checks the contracts and writes their descriptors.
#   eng/contracts.sh [FOLDER]     out/contracts by default
# openapi.json describes the HTTP API (eng/openapi.sh); foregsyte.binpb is a buf image with comments (`buf breaking
# --against`, `buf generate`); foregsyte.protoset is a FileDescriptorSet for grpcurl (-protoset) and buf curl (--schema).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-out/contracts}
mkdir -p "$folder"

node_modules/.bin/buf format --diff --exit-code --path protos/foregsyte
node_modules/.bin/buf lint
eng/breaking.sh
eng/openapi.sh "$folder"
node_modules/.bin/buf build --as-file-descriptor-set --exclude-source-info -o "$folder/foregsyte.protoset#format=binpb"
echo "contracts: lint passed, compatible with the last release. $folder has foregsyte.binpb and foregsyte.protoset"
