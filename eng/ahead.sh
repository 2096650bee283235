#!/usr/bin/env bash
# Compiles the built programs to native code (ReadyToRun), in place, so that the hundreds of processes of the tests do not
# compile the same methods again (ADR 57). The next build copies its assemblies over them; out/ahead keeps what was compiled.
# Without the compiler, or on another processor, it says so and changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
configuration=${CONFIGURATION:-Release}
programs=(src/JobService src/InferenceService src/Client/CommandLine)
kept=$PWD/out/ahead/compiled

skip() { echo "ahead: $*, so programs compile their code at each start." >&2; exit 0; }

[ "$(uname -sm)" = "Linux x86_64" ] || skip "this is not Linux on x64"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
dotnet build eng/ReadyToRun.proj -t:Restore,Paths -v quiet --nologo -tl:off >"$log" 2>&1 || {
  tail -n 3 "$log" >&2
  skip "the compiler could not be restored"
}
{ read -r compiler; read -r shared; } <out/ahead/paths
version=$(dotnet --list-runtimes | sed -n 's/^Microsoft.AspNetCore.App \(10\.[^ ]*\) .*/\1/p' | tail -n 1)
chmod +x "$compiler"
mkdir -p "$kept"
find "$kept" -mindepth 1 -mtime +7 -delete

# compile FILE HASH: into $kept. A file that cannot be compiled stays as it is.
compile() {
  local made=$kept/$2.$$ output
  if output=$("$compiler" "$1" -o "$made" -r "$(dirname "$1")/*.dll" -r "$shared/Microsoft.NETCore.App/$version/*.dll" \
      -r "$shared/Microsoft.AspNetCore.App/$version/*.dll" --targetos:linux --targetarch:x64 -O 2>&1); then
    ln -sf unchanged "$kept/$(sha256sum <"$made" | cut -d ' ' -f 1)"
    mv "$made" "$kept/$2"
  else
    rm -f "$made"
    echo "ahead: $1 stays as it is: ${output##*$'\n'}" >&2
  fi
}
export -f compile
export compiler shared version kept

files=$(for program in "${programs[@]}"; do ls "$program/bin/$configuration/net10.0/"*.dll; done)
hashes=$(xargs sha256sum <<<"$files")
# Each content once, although the programs share many. All are compiled before the first one is replaced: they are references.
awk '!seen[$1]++ { print $2, $1 }' <<<"$hashes" | while read -r file hash; do
  [ -e "$kept/$hash" ] || [ -L "$kept/$hash" ] || printf '%s\0%s\0' "$file" "$hash"
done | xargs -0 -r -n 2 -P "$(nproc)" bash -c 'compile "$0" "$1"'
while read -r hash file; do
  if [ -f "$kept/$hash" ]; then cp "$kept/$hash" "$file"; fi
done <<<"$hashes"
