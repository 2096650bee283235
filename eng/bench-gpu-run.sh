#!/usr/bin/env bash
# Checks, joins and unpacks the parts beside this script, finds CUDA 13 and cuDNN 9, and runs the benchmark. It needs
# bash, coreutils, tar and gzip, and an NVIDIA driver; no network and no installation.
#   bash run.sh                          the models and pipelines on the first GPU
#   bash run.sh --provider cpu --jobs 1  the same on the CPU, which only shows that the bundle works
#   bash run.sh --help                   options of the benchmark
# LIBRARIES=folder:folder names folders with CUDA and cuDNN. WORK=folder is where it unpacks; otherwise it does so in a
# temporary folder.
# Exit code 1: the GPU's results differ too much from the CPU's. 2: something is missing, and nothing was measured.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
fail() { printf 'bench-gpu: %s Nothing was measured.\n' "$*" >&2; exit 2; }

provider=cuda
arguments=("$@")
for ((index = 0; index < $#; index++)); do
  case ${arguments[$index]} in
    --provider) provider=${arguments[$((index + 1))]:-cuda} ;;
    --provider=*) provider=${arguments[$index]#*=} ;;
    --help | -h) provider=cpu ;;
  esac
done

(cd "$here" && sha256sum --quiet -c SHA256SUMS) ||
  fail "a part is missing or damaged (see above). Copy it again, and compare with SHA256SUMS."

# The libraries that the provider loads, and the folders in which a machine may have them.
libraries=(libcuda.so.1 libcudart.so.13 libcublas.so.13 libcublasLt.so.13 libcurand.so.10 libcudnn.so.9)
case $provider in
  cpu) libraries=() ;;
  cuda) ;;
  tensorrt) libraries+=(libnvinfer.so.10 libnvonnxparser.so.10) ;;
  *) fail "--provider must be cuda, tensorrt or cpu." ;;
esac

# folders: prints them, one a line; those that do not exist are skipped later.
folders() {
  local root
  tr : '\n' <<<"${LIBRARIES:-}:${LD_LIBRARY_PATH:-}"
  printf '%s\n' /usr/local/cuda*/lib64 /usr/local/cuda*/targets/x86_64-linux/lib /opt/cuda*/lib64 \
    /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib/wsl/lib "${CONDA_PREFIX:-/none}/lib"
  for root in "${VIRTUAL_ENV:-/none}" "${CONDA_PREFIX:-/none}" "${HOME:-/none}/.local" /usr /usr/local /opt/* \
    "${HOME:-/none}"/*/; do
    printf '%s\n' "${root%/}"/lib/python3*/{site,dist}-packages/{nvidia/*/lib,tensorrt_libs} \
      "${root%/}"/lib/python3/dist-packages/nvidia/*/lib
  done
  if command -v python3 >/dev/null; then
    python3 -c '
import glob, sys
for path in sys.path:
    for pattern in ("/nvidia/*/lib", "/tensorrt_libs"):
        print("\n".join(glob.glob(path + pattern)))' 2>/dev/null || true
  fi
  if command -v ldconfig >/dev/null; then
    ldconfig -p 2>/dev/null | awk '/=> \// { sub(/\/[^\/]*$/, "", $NF); print $NF }' | sort -u
  fi
}

found=""
missing=()
if [ "${#libraries[@]}" -gt 0 ]; then
  mapfile -t places < <(folders | awk 'NF && !seen[$0]++')
  for library in "${libraries[@]}"; do
    for place in "${places[@]}"; do
      if [ -e "$place/$library" ]; then
        printf -- '- %s: %s\n' "$library" "$place"
        case ":$found:" in *":$place:"*) ;; *) found=$found${found:+:}$place ;; esac
        continue 2
      fi
    done
    missing+=("$library")
  done
fi

if [ "${#missing[@]}" -gt 0 ]; then
  for library in "${missing[@]}"; do
    case $library in
      libcuda.so.1) echo "- missing: the NVIDIA driver ($library)" >&2 ;;
      libcudnn.so.9) echo "- missing: cuDNN 9 ($library)" >&2 ;;
      libnv*) echo "- missing: TensorRT 10 ($library)" >&2 ;;
      *) echo "- missing: CUDA 13 ($library)" >&2 ;;
    esac
  done
  fail "libraries are missing. Install them, or name their folders: LIBRARIES=folder:folder bash run.sh."
fi

if [ "$provider" != cpu ]; then
  gpus=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1) ||
    fail "nvidia-smi finds no GPU: $gpus."
  printf -- '- GPU: %s\n' "$gpus"
fi

if [ -n "${WORK:-}" ]; then
  mkdir -p "$WORK"
  work=$(cd "$WORK" && pwd)
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
cat "$here"/foregsyte-bench-gpu.tar.gz.* | tar -xz -C "$work" || fail "the parts cannot be unpacked into $work."

export LD_LIBRARY_PATH=$found${LD_LIBRARY_PATH:+${found:+:}$LD_LIBRARY_PATH}
export DOTNET_ROOT=$work/dotnet PATH=$work/dotnet:$PATH DOTNET_NOLOGO=1
export HOME=${HOME:-$work}
# CUDA numbers the GPUs as nvidia-smi does.
export CUDA_DEVICE_ORDER=PCI_BUS_ID
if ! command -v ffmpeg >/dev/null || ! command -v ffprobe >/dev/null; then
  # The sandbox would not show the decoder the libraries beside it.
  export FOREGSYTE_InferenceService__Video__FfmpegPath=$work/ffmpeg/ffmpeg
  export FOREGSYTE_InferenceService__Video__FfprobePath=$work/ffmpeg/ffprobe
  export FOREGSYTE_InferenceService__Video__Sandbox=off
  echo "- ffmpeg: from the bundle"
fi

"$work/dotnet/dotnet" "$work/tests/Benchmarks/bin/Release/net10.0/ForegSyte.Benchmarks.dll" gpu "$@"
