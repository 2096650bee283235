#!/usr/bin/env bash
# Measures what an hour of video needs with each pipeline: processor time, memory and disk. Analyzes a clip once to warm up, then
# the clip played five times over, and scales its processor time and results by the number of frames. Neither depends on what
# else runs on the machine.
#   eng/sizing.sh [VIDEO] [FRAMES_PER_HOUR]   data/samples/pedestrians.mp4 and 108000 (30 frames a second) by default
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/services.sh
video=${1:-data/samples/pedestrians.mp4}
hour=${2:-108000}
plays=5
[ -f "$video" ] || { echo "sizing: there is no file $video. Name a video: make sizing VIDEO=/path/to/video.mp4" >&2; exit 1; }
[ -n "${NO_BUILD:-}" ] || build_programs

# used PID: processor time of a process and its ended children in ticks.
used() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13 + $14 + $15}'; }
peak() { awk '/^VmHWM/ {printf "%.0f", $2 / 1024}' "/proc/$1/status"; }
analyze() {
  local job
  job=$(foregsyte submit "$1" --pipeline "$pipeline" --server "$server" 2>/dev/null)
  foregsyte wait "$job" --server "$server" >/dev/null 2>&1
  echo "$job"
}
bytes() { find "$data/video_jobs" -maxdepth 1 -name "$1*" -not -name '*.mp4' -printf '%s\n' | awk '{sum += $1} END {print sum + 0}'; }

ticks=$(getconf CLK_TCK)
echo "Clip: $(basename "$video"), $(ffprobe -v error -select_streams v:0 -show_entries stream=width,height,codec_name -of csv=p=0 "$video"),"\
  "$(stat -c %s "$video") bytes. An hour: $hour frames, each analyzed."
echo
echo '| pipeline | analyzed frames | processor time: InferenceService with FFmpeg | JobService | results and tracks | peak memory: InferenceService | JobService |'
echo '|---|--:|--:|--:|--:|--:|--:|'
for pipeline in detect_only ocr_only yolo_ocr; do
  data=$(mktemp -d "${TMPDIR:-/tmp}/foregsyte-sizing.XXXXXX")
  trap 'stop_services; rm -rf "$data"' EXIT
  started=()
  start InferenceService "$data/inference.log" --Listen:Port=0 --Video:AllowedRoots:0="$data/video_jobs"
  inference=$(wait_for_address InferenceService "$data/inference.log")
  start JobService "$data/jobs.log" --Listen:Port=0 --Inference:Addresses:0="$inference" \
    --Database:Path="$data/foregsyte.duckdb" --Storage:Root="$data/video_jobs"
  server=$(wait_for_address JobService "$data/jobs.log")
  analyze "$video" >/dev/null
  ffmpeg -v error -stream_loop $((plays - 1)) -i "$video" -c copy "$data/clip.mp4"
  before=("$(used "${started[0]}")" "$(used "${started[1]}")")
  job=$(analyze "$data/clip.mp4")
  after=("$(used "${started[0]}")" "$(used "${started[1]}")")
  frames=$(foregsyte get "$job" --server "$server" --json | grep -oE '"frames_done": *"?[0-9]+' | grep -oE '[0-9]+$')
  awk -v pipeline="$pipeline" -v frames="$frames" -v hour="$hour" -v ticks="$ticks" \
    -v is=$((after[0] - before[0])) -v js=$((after[1] - before[1])) -v bytes="$(bytes "$job")" \
    -v ism="$(peak "${started[0]}")" -v jsm="$(peak "${started[1]}")" 'BEGIN {
      scale = hour / frames
      printf "| `%s` | %d | %.1f h | %.2f h | %.0f MB | %d MiB | %d MiB |\n", pipeline, frames, is / ticks * scale / 3600,
        js / ticks * scale / 3600, bytes * scale / 1e6, ism, jsm
    }'
  stop_services
  rm -rf "$data"
done
