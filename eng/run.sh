#!/usr/bin/env bash
# Builds and runs both services on their default ports and data folder, with their logs on this terminal, until Ctrl-C.
# Settings come from the environment, for example FOREGSYTE_Log__Format=Json (docs/operations.md); HTTP_PORT is 5202.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/services.sh

mkdir -p out/run
exec 9>out/run/lock
flock -n 9 || { echo "run: make run is already running in this folder. Stop it with Ctrl-C first." >&2; exit 1; }
for port in 5200 5201 "${HTTP_PORT:-5202}"; do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "run: port $port is in use. Stop the program that listens on it, then run this again." >&2
    exit 1
  fi
done

echo "Builds both services and runs them until Ctrl-C. The first build takes about a minute."
eng/setup.sh
build_programs
logs=("out/run/InferenceService.log" "out/run/JobService.log")
: >"${logs[0]}"
: >"${logs[1]}"
# The logs outlive Ctrl-C long enough to show how the services stop.
(trap '' INT TERM; exec tail -q -n +1 -f "${logs[@]}" 9>&-) &
shown=$!
trap 'stop_services; sleep 0.2; kill -9 "$shown" 2>/dev/null || true; wait "$shown" 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM

# The JobService starts second and its jobs wait until the InferenceService has loaded its models.
# The ports are arguments: a variable such as FOREGSYTE_Listen__Port would move both services to the same one.
start InferenceService "${logs[0]}" --Listen:Port=5201
start JobService "${logs[1]}" --Listen:Port=5200 --Listen:HttpPort="${HTTP_PORT:-5202}" --Web:Enabled=true
server=$(wait_for_address JobService "${logs[1]}" 2>/dev/null) || {
  echo "run: JobService did not start. Its log is ${logs[1]}." >&2
  exit 1
}
echo
echo "Web page: http://127.0.0.1:${HTTP_PORT:-5202}/"
echo "gRPC: $server, HTTP: http://127.0.0.1:${HTTP_PORT:-5202}. In another terminal: foregsyte analyze video.mp4 (README.md)."
echo "Logs are also in out/run. Ctrl-C stops both services."
echo
# Ends when either service ends: one alone is of no use.
code=0
wait -n "${started[@]}" || code=$?
for index in 0 1; do
  kill -0 "${started[$index]}" 2>/dev/null || name=$(basename "${logs[$index]}" .log)
done
echo "run: $name ended (exit code $code); its log is out/run/$name.log." >&2
exit "$code"
