#!/usr/bin/env bash
# Builds and tests the Python package of clients/python.
#   eng/python.sh [FOLDER]     builds the wheel into FOLDER (out/packages by default); VERSION_SUFFIX=rc.1 as in eng/pack.sh
#   eng/python.sh --test [ARGUMENTS]   builds it, checks its types, and runs its tests (pytest) against the built services
# The stubs, the client for threads and the classes of errors are generated here; the repository has none of them.
# Exit code 2: a tool is missing; the last line names it.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/version.sh
python=/usr/bin/python3
stage=out/python

none() { printf 'python: %s is missing; eng/setup.sh --contracts installs it.\n' "$*" >&2; exit 2; }

need() {
  local module
  for program in protoc grpc_python_plugin $python; do command -v "$program" >/dev/null || none "$program"; done
  for module in "$@"; do $python -c "import $module" 2>/dev/null || none "the Python package $module"; done
}

# Makes the source tree of the wheel.
generate() {
  rm -rf "$stage/source"
  mkdir -p "$stage/source"
  cp -r clients/python/pyproject.toml clients/python/README.md clients/python/foregsyte LICENSE "$stage/source"
  find "$stage/source" -name __pycache__ -prune -exec rm -rf {} +
  sed -i "s/^version = .*/version = \"$python_version\"/" "$stage/source/pyproject.toml"
  protoc -I protos --python_out="$stage/source" --pyi_out="$stage/source" \
    --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" --grpc_python_out="$stage/source" \
    protos/foregsyte/v1/*.proto protos/google/rpc/*.proto protos/google/api/*.proto
  $python eng/python/generate.py "$stage/source/foregsyte" docs/errors.md
}

# build FOLDER: the same bytes for the same sources, as ZIP files have dates.
build() {
  local log=$stage/build.log
  generate
  rm -f "$1"/foregsyte-*.whl
  if ! SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800} $python -m build --wheel --no-isolation \
      --outdir "$1" "$stage/source" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
  fi
}

# Two concurrent runs would write the same files.
mkdir -p "$stage"
exec 9>"$stage/lock"
flock 9
if [ "${1:-}" = --test ]; then
  shift
  need grpc google.protobuf build setuptools wheel pytest pytest_timeout
  mkdir -p "$stage/wheel"
  build "$stage/wheel"
  rm -rf "$stage/installed"
  $python -m pip install --quiet --no-deps --no-index --no-compile --target "$stage/installed" --root-user-action ignore \
    "$stage"/wheel/foregsyte-*.whl
  if command -v mypy >/dev/null; then
    (cd "$stage/source" && mypy --no-incremental --cache-dir /dev/null foregsyte)
  else
    echo "python: types not checked: mypy is missing."
  fi
  export PYTHONPATH=$PWD/$stage/installed PYTHONDONTWRITEBYTECODE=1
  exec $python -m pytest --rootdir clients/python -c clients/python/pyproject.toml clients/python/tests --junitxml "$stage/tests.xml" \
    "$@" 9>&-
fi
need grpc google.protobuf build setuptools wheel
folder=${1:-out/packages}
mkdir -p "$folder"
build "$folder"
(cd "$folder" && ls -l --block-size=K foregsyte-*.whl | awk '{ print "  " $NF, $5 }')
