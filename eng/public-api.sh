#!/usr/bin/env bash
# Writes the client's public API to src/Client/Sdk/PublicAPI.Unshipped.txt. The build fails if code and file differ, so a
# review shows every change of the API. (eng/breaking.sh checks the API of ForegSyte.Protocol, which is generated.)
#   eng/public-api.sh            add new symbols, remove old ones
#   eng/public-api.sh --release  mark all symbols as released; a later removal needs a line *REMOVED*
set -euo pipefail
cd "$(dirname "$0")/../src/Client/Sdk"
export LC_ALL=C
shipped=PublicAPI.Shipped.txt
unshipped=PublicAPI.Unshipped.txt
removed() { grep '^\*REMOVED\*' "$unshipped" || true; }

if [ "${1:-}" = --release ]; then
  all=$(cat "$shipped" "$unshipped" | grep -vE '^(#nullable enable|\*REMOVED\*.*|)$' |
    grep -vxFf <(removed | sed 's/^\*REMOVED\*//') | sort -u)
  printf '#nullable enable\n%s\n' "$all" > "$shipped"
  echo '#nullable enable' > "$unshipped"
  exit
fi

before=$(removed)
printf '#nullable enable\n%s' "${before:+$before$'\n'}" > "$unshipped"
# RS0016 names each symbol that is missing in the files.
dotnet build -c "${CONFIGURATION:-Release}" --no-incremental --nologo -tl:off -v quiet -p:WarningsNotAsErrors=RS0016 |
  sed -nE "s/.*RS0016: Symbol '(.*)' is not part of the declared public API.*/\1/p" | sort -u >> "$unshipped"
