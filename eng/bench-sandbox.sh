#!/usr/bin/env bash
# Measures what each sandbox level adds to the start of a decoder, with hyperfine (Debian package hyperfine).
#   eng/bench-sandbox.sh [RUNS]      60 runs of each by default
# The command lines are those of DecoderSandbox.cs, without the filter of system calls.
set -euo pipefail
runs=${1:-60}
for program in hyperfine ffprobe setsid nice choom prlimit setpriv unshare; do
  command -v "$program" >/dev/null || { echo "bench-sandbox: $program is missing." >&2; exit 2; }
done
probe="$(command -v ffprobe) -version"
limits="$(command -v setsid) $(command -v nice) -n 5 $(command -v choom) -n 1000 -- $(command -v prlimit) --as=4294967296 --cpu=3600:3605 --core=0 --fsize=0"
end="$(command -v setpriv) --pdeathsig KILL --no-new-privs"
levels=(-n Options "$probe" -n Limits "$limits $end $probe")
for way in "--net --ipc" "--user --map-current-user --net --ipc"; do
  # shellcheck disable=SC2086
  if unshare $way true 2>/dev/null; then
    levels+=(-n "Network ($way)" "$limits $(command -v unshare) $way $end $probe")
  fi
done
if command -v bwrap >/dev/null; then
  files="$(command -v bwrap) --unshare-all --die-with-parent --cap-drop ALL --chdir /"
  for folder in /usr/lib /usr/lib32 /usr/lib64 /usr/libx32 /usr/local/lib /lib /lib32 /lib64 /libx32; do
    if [ -L "$folder" ]; then files+=" --symlink $(readlink "$folder") $folder"
    elif [ -d "$folder" ]; then files+=" --ro-bind $folder $folder"; fi
  done
  for path in /etc/ld.so.cache /etc/alternatives "$(command -v ffmpeg)" "$(command -v ffprobe)"; do
    [ -e "$path" ] && files+=" --ro-bind $path $path"
  done
  levels+=(-n Files "$limits $files --remount-ro / -- $probe")
fi
table=$(mktemp)
trap 'rm -f "$table"' EXIT
hyperfine -N --warmup 5 --runs "$runs" --export-markdown "$table" "${levels[@]}" >/dev/null
cat "$table"
