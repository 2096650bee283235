#!/usr/bin/env bash
# Makes the GPU benchmark as a bundle in out/bench-gpu: parts of at most 60 MiB, their SHA-256, and run.sh, which joins
# them and runs the benchmark on a machine with an NVIDIA driver, CUDA 13 and cuDNN 9. That machine needs no network and
# no .NET SDK. If this machine has a GPU, it runs here at once.
#   eng/bench-gpu.sh [options of run.sh]
set -euo pipefail
cd "$(dirname "$0")/.."

part_size=60M
bundle=out/bench-gpu
stage=out/bench-gpu-stage
name=foregsyte-bench-gpu
program=tests/Benchmarks/bin/Release/net10.0
rm -rf "$bundle" "$stage"
mkdir -p "$bundle" "$stage/$program"
trap 'rm -rf "$stage"' EXIT

if ! dotnet build tests/Benchmarks -c Release -p:Accelerator=cuda -o "$stage/$program" \
  -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'; then
  echo "bench-gpu: the CUDA build failed; it needs the package Microsoft.ML.OnnxRuntime.Gpu.Linux." >&2
  exit 2
fi
# Libraries for other systems and debug symbols are not needed there.
find "$stage/$program" -name '*.pdb' -delete -o -name '*.xml' -delete
for runtime in "$stage/$program"/runtimes/*; do
  case $(basename "$runtime") in linux-x64 | unix) ;; *) rm -rf "$runtime" ;; esac
done

# The layout of a checkout, in which the benchmark looks for the services and the data.
touch "$stage/ForegSyte.sln"
for service in InferenceService JobService; do
  mkdir -p "$stage/src/$service/bin/Release"
  ln -s "../../../../$program" "$stage/src/$service/bin/Release/net10.0"
done
mkdir -p "$stage/data/samples"
cp -r data/models data/pipelines "$stage/data/"
rm -f "$stage"/data/models/*.local.*
cp data/samples/pedestrians.mp4 "$stage/data/samples/"

# The .NET runtime of this SDK.
sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
version=$(dotnet --list-runtimes | sed -n 's/^Microsoft.AspNetCore.App \(10\.[^ ]*\).*/\1/p' | tail -n 1)
mkdir -p "$stage/dotnet"
cp "$sdk/dotnet" "$stage/dotnet/"
for folder in "host/fxr/$version" "shared/Microsoft.NETCore.App/$version" "shared/Microsoft.AspNetCore.App/$version"; do
  mkdir -p "$stage/dotnet/$(dirname "$folder")"
  cp -r "$sdk/$folder" "$stage/dotnet/$folder"
done

# ffmpeg with its libraries, for machines without one.
mkdir -p "$stage/ffmpeg/lib"
loader=$(ldd "$(command -v ffmpeg)" | awk '/ld-linux/ { print $1 }')
cp -L "$loader" "$stage/ffmpeg/lib/"
for tool in ffmpeg ffprobe; do
  cp -L "$(command -v $tool)" "$stage/ffmpeg/$tool.bin"
  ldd "$(command -v $tool)" | awk '$3 ~ /^\// { print $3 }' | sort -u | xargs cp -Lnt "$stage/ffmpeg/lib/"
  cat >"$stage/ffmpeg/$tool" <<WRAPPER
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")
exec "\$here/lib/$(basename "$loader")" --library-path "\$here/lib" "\$here/$tool.bin" "\$@"
WRAPPER
  chmod +x "$stage/ffmpeg/$tool"
done

tar -C "$stage" -cz . | split -b "$part_size" -d -a 2 - "$bundle/$name.tar.gz."
cp eng/bench-gpu-run.sh "$bundle/run.sh"
(cd "$bundle" && sha256sum "$name".tar.gz.* run.sh >SHA256SUMS)
echo "bench-gpu: the bundle is in $bundle ($(du -sh "$bundle" | cut -f1))."
if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L >/dev/null 2>&1; then
  echo "bench-gpu: this machine has no NVIDIA GPU. Copy the folder to one that has, and run there: bash run.sh"
  exit 0
fi

exec bash "$bundle/run.sh" "$@"
