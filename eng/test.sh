#!/usr/bin/env bash
# Runs the tests of a configuration, one project after the other (the machines are small), and ends with one line that
# counts them all. Arguments go to the test programs, for example: eng/test.sh --filter-class '*SegmentPlanTests'
set -uo pipefail
cd "$(dirname "$0")/.."
configuration=${CONFIGURATION:-Release}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

dotnet test --solution ForegSyte.sln -c "$configuration" --no-build --max-parallel-test-modules 1 --output Normal "$@" | tee "$log"
status=${PIPESTATUS[0]}

count() { sed -n "s/^ *$1: \([0-9]*\)$/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded); failed=$(count failed); skipped=$(count skipped)
echo "${passed:-0} passed, ${failed:-0} failed, ${skipped:-0} skipped"
exit "$status"
