#!/usr/bin/env bash
# Runs all clips of the media matrix and prints how many passed, by axis.
# NAME=mirror runs only the clips with this in their names.
set -uo pipefail
cd "$(dirname "$0")/.."
table=$(mktemp)
trap 'rm -f "$table"' EXIT
FOREGSYTE_MEDIA_ALL=1 FOREGSYTE_MEDIA_NAME=${NAME:-} FOREGSYTE_MEDIA_TABLE=$table \
  "tests/Media.Tests/bin/${CONFIGURATION:-Release}/net10.0/ForegSyte.Media.Tests" -noLogo -noColor
status=$?
cat "$table"
exit "$status"
