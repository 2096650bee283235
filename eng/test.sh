#!/usr/bin/env bash
# Runs tests, two projects at a time, and ends with one line that counts them.
#   eng/test.sh [ARGUMENTS]         all tests; arguments go to the test programs: --filter-class '*SegmentPlanTests'
#   eng/test.sh --quick             the unit tests without the classes in tests/slow-tests.txt
set -uo pipefail
cd "$(dirname "$0")/.."
configuration=${CONFIGURATION:-Release}
# The hundreds of short processes start with a quarter less processor time (ADR 57): no profile for later compilation,
# no second compilation within the first second of calm, and code pages that stay writable.
export DOTNET_TieredPGO=0 DOTNET_TC_CallCountingDelayMs=1000 DOTNET_EnableWriteXorExecute=0
log=$(mktemp)
trap 'rm -f "$log" "$log.again"' EXIT

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

dotnet test --solution ForegSyte.sln -c "$configuration" --no-build --max-parallel-test-modules 2 --output Normal "$@" |
  tee "$log"
status=${PIPESTATUS[0]}

count() { sed -n "s/^ *$1: \([0-9]*\)$/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded); failed=$(count failed); skipped=$(count skipped)

# Runs each failed test once more, alone, and names those that pass then. Many tests use processes, sockets and a browser,
# and one of 6,000 fails when the machine stands still for a minute. More than 3 failed tests, or a test program that ended
# with another exit code than that of failed tests (2), are no accident: then nothing runs again.
retry_failed() {
  local test program failures=()
  [ "${failed:-0}" -ge 1 ] && [ "$failed" -le 3 ] || return
  if grep '^Exit code: ' "$log" | grep -qv ': 2$'; then return; fi
  mapfile -t failures < <(awk '/^failed / { sub(/[ (].*/, "", $2); test = $2; getline; print test, $2 }' "$log" | sort -u)
  for test in "${failures[@]}"; do
    program=${test#* }; program=${program%.dll}; test=${test% *}
    echo "Running again, alone: $test"
    # A name that selects no test is no pass.
    "$program" -method "$test" -noLogo -noColor | tee "$log.again" || return
    grep -Eq 'Total: [1-9][0-9]*, .*Skipped: 0, ' "$log.again" || return
  done
  for test in "${failures[@]}"; do echo "Failed once, then passed alone: ${test% *}"; done
  passed=$((passed + failed)); failed=0; status=0
}
retry_failed

# Repeats at the end what failed, since the beginning of a long log is often cut off: each failed test with four lines
# of its message, and each program that ended otherwise than with failed tests (exit code 2), with its error output.
[ "$status" = 0 ] || awk '
  /^[^ ]/ { message = 0; output = 0 }
  /^failed / { print; message = 4; next }
  message > 0 && !/^  from / { print substr($0, 1, 500); message-- }
  /^\/.*\.dll .* failed/ { program = $1 }
  /^Exit code: / && $3 != 2 { print program " ended with exit code " $3; output = 20 }
  output > 0 && /^  / { print substr($0, 1, 500); output-- }
' "$log"
echo "${passed:-0} passed, ${failed:-0} failed, ${skipped:-0} skipped"
exit "$status"
