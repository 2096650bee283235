#!/usr/bin/env bash
# Measures the models on an NVIDIA GPU with ONNX Runtime's CUDA provider at batch sizes 1, 8 and 32.
#   eng/bench-gpu.sh [--peak-tflops 67] [--device 0] [--provider cuda|tensorrt] [--seconds 5]
# The peak is from the GPU's data sheet, for the measured precision (TF32 for the shipped models).
# Exit code 2: this machine has no GPU, or the CUDA build failed; nothing was measured.
set -euo pipefail
cd "$(dirname "$0")/.."

none() { printf 'bench-gpu: %s Nothing was measured.\n' "$*" >&2; exit 2; }

command -v nvidia-smi >/dev/null || none "no NVIDIA GPU is present: nvidia-smi is not installed."
gpus=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1) ||
  none "no NVIDIA GPU is present: nvidia-smi says: $gpus"
printf -- '- GPU: %s\n' "$gpus"

out=out/bench-gpu
dotnet build tests/Benchmarks -c Release -p:Accelerator=cuda -o "$out" \
  -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly' ||
  none "the build with -p:Accelerator=cuda failed; it needs the package Microsoft.ML.OnnxRuntime.Gpu.Linux."

# Makes CUDA number the GPUs as nvidia-smi does.
export CUDA_DEVICE_ORDER=PCI_BUS_ID
exec dotnet "$out/ForegSyte.Benchmarks.dll" gpu "$@"
