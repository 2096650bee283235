#!/usr/bin/env bash
# Writes down the client's public surface in src/Client/Sdk/PublicAPI.Unshipped.txt. A build fails where the code and
# the files differ, so that a change of the surface shows in its review. (That of ForegSyte.Protocol is made of the
# protos, which eng/breaking.sh guards.)
#   eng/public-api.sh            write what is new, drop what is gone
#   eng/public-api.sh --release  count all of it as released; what goes after that has to be named, as *REMOVED*
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
# RS0016 names each symbol that the compiler sees and the files lack.
dotnet build -c "${CONFIGURATION:-Release}" --no-incremental --nologo -tl:off -v quiet -p:WarningsNotAsErrors=RS0016 |
  sed -nE "s/.*RS0016: Symbol '(.*)' is not part of the declared public API.*/\1/p" | sort -u >> "$unshipped"
