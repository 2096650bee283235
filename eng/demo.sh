#!/usr/bin/env bash
# Starts both services on their defaults, analyzes a video and stops the services again.
#   eng/demo.sh [VIDEO]      data/samples/pedestrians.mp4 by default
set -euo pipefail
cd "$(dirname "$0")/.."
video=${1:-data/samples/pedestrians.mp4}
configuration=${CONFIGURATION:-Release}
out=out/demo
logs=$out/logs
mkdir -p "$logs"
started=()

assembly() { echo "src/$1/bin/$configuration/net10.0/ForegSyte.$1.dll"; }
foregsyte() { dotnet "src/Client/CommandLine/bin/$configuration/net10.0/foregsyte.dll" "$@"; }

stop() {
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  for id in "${started[@]}"; do wait "$id" 2>/dev/null || true; done
}
trap stop EXIT

start() {
  dotnet "$(assembly "$1")" >"$logs/$1.log" 2>&1 &
  started+=($!)
}

# A service that cannot start says why in its log; nothing is gained by waiting for it.
wait_for() {
  local name=$1 id=$2
  for _ in $(seq 600); do
    grep -q "Now listening on" "$logs/$name.log" && return
    if ! kill -0 "$id" 2>/dev/null; then
      echo "demo: $name did not start. It said ($logs/$name.log):" >&2
      tail -n 5 "$logs/$name.log" >&2
      exit 1
    fi
    sleep 0.1
  done
  echo "demo: $name did not listen within a minute; see $logs/$name.log" >&2
  exit 1
}

start InferenceService
start JobService
wait_for InferenceService "${started[0]}"
wait_for JobService "${started[1]}"
foregsyte analyze "$video" --output-dir "$out"
echo
echo "The services' logs are in $logs. Try your own video: make demo VIDEO=/path/to/video.mp4"
