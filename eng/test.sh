#!/usr/bin/env bash
# Runs tests, one project after the other, and ends with one line that counts them.
#   eng/test.sh [ARGUMENTS]         all tests; arguments go to the test programs: --filter-class '*SegmentPlanTests'
#   eng/test.sh --quick             the unit tests without the classes in tests/slow-tests.txt
set -uo pipefail
cd "$(dirname "$0")/.."
configuration=${CONFIGURATION:-Release}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

quick() {
  local status=0 project program slow=() class
  while read -r class; do slow+=(-class- "*.$class"); done < <(grep -v '^#' tests/slow-tests.txt)
  for project in Architecture Protocol Exports Video Hosting Client InferenceService JobService; do
    program=tests/$project.Tests/bin/$configuration/net10.0/ForegSyte.$project.Tests
    [ -x "$program" ] || continue
    "$program" "${slow[@]}" -noLogo -noColor || status=1
  done
  return $status
}

if [ "${1:-}" = --quick ]; then
  start=$(date +%s)
  quick 2>&1 | grep -vE '^  (Starting|Finished): |^ *===|^  Discover' | tee "$log"
  status=${PIPESTATUS[0]}
  sum() { sed -nE "s/.*\b$1: ([0-9]+).*/\1/p" "$log" | awk '{ sum += $1 } END { print sum + 0 }'; }
  failed=$(($(sum Failed) + $(sum Errors))); skipped=$(sum Skipped)
  passed=$(($(sum Total) - failed - skipped))
  echo "$passed passed, $failed failed, $skipped skipped in $(($(date +%s) - start)) s"
  exit "$status"
fi

dotnet test --solution ForegSyte.sln -c "$configuration" --no-build --max-parallel-test-modules 1 --output Normal "$@" |
  tee "$log"
status=${PIPESTATUS[0]}

count() { sed -n "s/^ *$1: \([0-9]*\)$/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded); failed=$(count failed); skipped=$(count skipped)
echo "${passed:-0} passed, ${failed:-0} failed, ${skipped:-0} skipped"
exit "$status"
