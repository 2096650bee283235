#!/usr/bin/env bash
# Checks that the contracts are compatible with the last release (its descriptors are in protos/released/).
#   eng/breaking.sh            compare
#   eng/breaking.sh --planted  break copies of both packages and show that the check fails
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
    # plant FILE EDIT EXPECTED [OPTION...]: edits a copy of a contract and expects buf to refuse it with a message.
    plant() {
      local file=$1 edit=$2 expected=$3 found=0 refusal
      shift 3
      rm -rf "${copy:?}/protos"
      cp -r buf.yaml protos "$copy"
      sed -i "$edit" "$copy/protos/$file"
      # 100 is buf's code for what it found; any other is a failure of its own.
      refusal=$(node_modules/.bin/buf breaking "$copy" --against "$image" "$@") || found=$?
      if [ "$found" -ne 100 ] || [[ "$refusal" != *"$expected"* ]]; then
        printf 'breaking: %s with the edit %s was not refused (buf: %s).\n%s\n' "$file" "$edit" "$found" "$refusal" >&2
        exit 1
      fi
      echo "breaking: a copy of $file with the edit $edit is refused:"
      echo "  ${refusal//"$copy/"/}"
    }
    plant foregsyte/v1/job.proto '/ string pipeline_id = 3 /d' 'with name "pipeline_id" on message "Job"'
    plant foregsyte/inference/v1/inference_service.proto 's/int32 job_end_frame = 7 /int64 job_end_frame = 7 /' \
      'Field "7" with name "job_end_frame" on message "RunPipelineRequest"' --config eng/breaking-inference.yaml
    ;;
  *)
    node_modules/.bin/buf breaking --against "$image"
    exec node_modules/.bin/buf breaking --against "$image" --config eng/breaking-inference.yaml
    ;;
esac
