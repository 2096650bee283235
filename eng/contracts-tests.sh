#!/usr/bin/env bash
# Runs the contract tests and prints a summary. Failed and skipped tests are printed in full; out/contracts/tests.log has all.
set -uo pipefail
cd "$(dirname "$0")/.."
log=out/contracts/tests.log
mkdir -p out/contracts

dotnet test --project tests/Contracts.Tests -c "${CONFIGURATION:-Release}" --no-build --output Detailed --no-ansi \
  >"$log" 2>&1
status=$?
grep -vE '^(passed |  from |Running tests from )' "$log"
[ $status -eq 0 ] || exit $status

passed() { grep "^passed .*\.$1" "$log"; }
count() { passed "$1" | wc -l; }
languages=$(passed 'ReportTests\.' | sed -E 's/.*InCSharp.*/csharp/; s/.*language: "([a-z]+)".*/\1/' | sort | paste -sd ' ')
commands=$(grep -c '^\$ ' docs/grpcurl.md)
[ "$(count 'GrpcurlDocumentTests\.Commands_')" -eq 2 ] || commands="not all of the $commands"
requests=$(grep -c '^\$ ' docs/http.md)
[ "$(count 'HttpDocumentTests\.Commands_')" -eq 2 ] || requests="not all of the $requests"
package=$(sed -nE 's/.*<testsuite [^>]*tests="([0-9]+)".*/\1/p' out/python/tests.xml 2>/dev/null)
[ "$(count 'PythonPackageTests\.')" -eq 1 ] || package="no"
cat <<SUMMARY

contracts:
  changes    $(count Gate_PlantedBreakingChange) that break callers planted and refused, $(count Gate_Addition) additions let through
  clients    $(wc -w <<<"$languages") ($languages) submit, wait, page and read an error, and report the same
  python     $package tests of the package foregsyte pass
  messages   $(count 'ConversionTests\.Convert') conversions between JSON and protobuf in these languages come to the same
  by hand    $commands commands of docs/grpcurl.md and $requests of docs/http.md print what they say
SUMMARY
