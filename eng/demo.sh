#!/usr/bin/env bash
# Builds the services and the command line, analyzes a video, and draws what was found.
#   eng/demo.sh [VIDEO]      data/samples/pedestrians.mp4 by default
# The services use free ports and a data folder of their own, so the demo runs beside services that already run.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/services.sh
video=${1:-data/samples/pedestrians.mp4}
out=out/demo
[ -f "$video" ] || { echo "demo: there is no file $video. Name a video: make demo VIDEO=/path/to/video.mp4" >&2; exit 1; }

echo "ForegSyte demo: finds objects and reads text in $video, on this machine."
if [ -f "$(assembly JobService)" ]; then
  echo "It takes about 20 seconds for the 10-second sample."
else
  echo "The first run builds the programs (about a minute; longer while packages download), then analyzes (20 seconds)."
fi
echo

eng/setup.sh
echo "Building the two services and the command line ..."
build_programs

mkdir -p "$out/logs"
data=$(mktemp -d "${TMPDIR:-/tmp}/foregsyte-demo.XXXXXX")
trap 'stop_services; rm -rf "$data"' EXIT
echo "Starting InferenceService and JobService ..."
start InferenceService "$out/logs/InferenceService.log" --Listen:Port=0 --Video:AllowedRoots:0="$data/video_jobs"
inference=$(wait_for_address InferenceService "$out/logs/InferenceService.log")
start JobService "$out/logs/JobService.log" --Listen:Port=0 --Listen:HttpPort=0 --Web:Enabled=true --Inference:Addresses:0="$inference" \
  --Database:Path="$data/foregsyte.duckdb" --Storage:Root="$data/video_jobs" --Web:KeysFolder="$data/web_keys"
server=$(wait_for_address JobService "$out/logs/JobService.log")
page=$(wait_for_http "$out/logs/JobService.log")
# Without a terminal nobody could look before the demo ends.
is_interactive() { [ -t 0 ] && [ -t 1 ]; }
if is_interactive; then echo "Watch it in a browser meanwhile: $page/"; fi

foregsyte analyze "$video" --server "$server" --output-dir "$out"
job=$(foregsyte list --server "$server" --limit 1 --view basic --json | sed -n 's/.*"job_id": *"\([^"]*\)".*/\1/p')
echo
echo "Who was seen from when to when (foregsyte tracks):"
foregsyte tracks "$job" --server "$server"
echo "What could be read (foregsyte texts):"
foregsyte texts "$job" --server "$server"
echo "The logs of the services are in $out/logs. Your own video: make demo VIDEO=/path/to/video.mp4"
echo "Keep both services running and call them yourself: make run"
if is_interactive; then
  read -rp "The web page is at $page/web/jobs/$job until you press Enter. " || true
else
  echo "See jobs and videos in a browser: make run prints the address of its web page (docs/web.md)."
fi
