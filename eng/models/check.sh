#!/usr/bin/env bash
# Checks the rules of simplify.py, that it produces the committed models from the originals, and that both give the same
# results; then times both.
#   eng/models/check.sh [FOLDER_OF_ORIGINALS]      default: ../shared/models
set -euo pipefail
cd "$(dirname "$0")/../.."
python=/usr/bin/python3 # Debian's Python, which finds Debian's packages
originals=${1:-../shared/models}

fail() { printf 'models: %s\n' "$*" >&2; exit 1; }
"$python" -c 'import cv2, numpy, onnx' 2>/dev/null ||
  fail "install Debian's python3-numpy, python3-opencv and python3-onnx, and run this again."
command -v npm >/dev/null || fail "npm is missing. Install Node.js (Debian package npm), and run this again."

packages=out/bench-peers # shared with the benchmark, which uses onnxruntime-node too
if [ ! -d "$packages/node_modules/onnxruntime-node" ]; then
  mkdir -p "$packages"
  cp tests/Benchmarks/peers/package.json "$packages/"
  npm install --prefix "$packages" --ignore-scripts --package-lock=false --no-audit --no-fund --loglevel=error >&2
fi
modules=$PWD/$packages/node_modules

"$python" eng/models/check_rules.py "$modules" 2>&1 | tail -n 4
if [ ! -f "$originals/nanodet_g_416.onnx" ]; then
  printf 'SKIPPED: bytes, outputs and times: %s has no original models; see data/models/README.md\n' "$originals"
  exit 0
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$python" eng/models/simplify.py "$originals" "$made"
for file in "$made"/*.onnx; do
  cmp "$file" "data/models/${file##*/}" || fail "data/models/${file##*/} differs from the output of eng/models/simplify.py."
done
"$python" eng/models/compare.py "$modules" "$originals"
NODE_PATH=$modules node eng/models/time_models.js "$originals" data/models
