#!/usr/bin/env bash
# Checks that the contracts are compatible with the last release (its descriptors are in protos/released/).
#   eng/breaking.sh            compare
#   eng/breaking.sh --planted  remove a field in a copy and show that the check fails
#   eng/breaking.sh --release  make the current contracts the released ones
set -euo pipefail
cd "$(dirname "$0")/.."
image=protos/released/foregsyte.binpb
case "${1:-}" in
  --release)
    mkdir -p "$(dirname "$image")"
    exec node_modules/.bin/buf build -o "$image"
    ;;
  --planted)
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    cp -r buf.yaml protos "$copy"
    sed -i '/ string pipeline_id = 3;/d' "$copy/protos/foregsyte/v1/job.proto"
    # 100 is buf's code for what it found; any other is a failure of its own.
    found=0
    refusal=$(node_modules/.bin/buf breaking "$copy" --against "$image") || found=$?
    if [ "$found" -ne 100 ] || [[ "$refusal" != *'with name "pipeline_id" on message "Job"'* ]]; then
      printf 'breaking: Job without pipeline_id was not refused (buf: %s).\n%s\n' "$found" "$refusal" >&2
      exit 1
    fi
    echo "breaking: a copy in which Job has lost pipeline_id is refused:"
    echo "  ${refusal//"$copy/"/}"
    ;;
  *) exec node_modules/.bin/buf breaking --against "$image" ;;
esac
