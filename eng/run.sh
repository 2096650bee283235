#!/usr/bin/env bash
# Builds and runs both services on their default ports and data folder, with their logs on this terminal, until Ctrl-C.
# Settings come from the environment, for example FOREGSYTE_Log__Format=Json (docs/operations.md); HTTP_PORT is 5202.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/services.sh

echo "Builds both services (about a minute the first time) and runs them until Ctrl-C."
eng/setup.sh
build_programs
mkdir -p out/run
logs=("out/run/InferenceService.log" "out/run/JobService.log")
: >"${logs[0]}"
: >"${logs[1]}"
# The logs outlive Ctrl-C long enough to show how the services stop.
(trap '' INT TERM; exec tail -q -n +1 -f "${logs[@]}") &
shown=$!
trap 'stop_services; sleep 0.2; kill -9 "$shown" 2>/dev/null || true; wait "$shown" 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM

# The JobService starts second and its jobs wait until the InferenceService has loaded its models.
start InferenceService "${logs[0]}"
# HTTP for the JobService alone: a setting in the environment would reach both services.
start JobService "${logs[1]}" --Listen:HttpPort="${HTTP_PORT:-5202}"
server=$(wait_for_address JobService "${logs[1]}")
echo
echo "gRPC: $server, HTTP: http://127.0.0.1:${HTTP_PORT:-5202}. In another terminal: foregsyte analyze video.mp4 (README.md)."
echo "Logs are also in out/run. Ctrl-C stops both services."
echo
# Ends when either service ends: one alone is of no use.
wait -n "${started[@]}" || { code=$?; echo "A service ended (exit code $code); see the last lines above." >&2; exit "$code"; }
