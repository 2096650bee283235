#!/usr/bin/env bash
# Mutation tests with Stryker.NET: changes one operator, condition or constant of the pure code at a time and counts the
# changes that the tests notice. Prints a table by part and file; the reports are in out/mutation/PART/report.
#   eng/mutation.sh [PART...]      every part without arguments
# A part fails below its minimum score (0: none yet). LIMIT=0 turns the minimums off.
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD

# part | project | files to mutate, below the project | test project | its test files | minimum score
# The stages are mutated with the tests of tiny models; those of the shipped models would take an hour.
parts() {
  cat <<'TABLE'
vision   | InferenceService | Vision/*.cs | InferenceService.Tests | Vision/*.cs Reference/*.cs Stages/SampleFrames.cs | 85
stages   | InferenceService | Stages/*Decoder.cs Stages/ReadTextStage.cs | InferenceService.Tests | Stages/DecoderTests.cs Stages/DetectorModelTests.cs Stages/ReadTextRulesTests.cs Stages/ReadTextStageTests.cs Stages/TinyModels.cs | 85
jobs     | JobService | Jobs/**/*.cs | JobService.Tests | Jobs/**/*.cs Webhooks/WebhookRoutesTests.cs Storage/ArtifactKeysTests.cs Fakes/**/*.cs StoreChanges.cs Storage/TestJobs.cs Queue/ScriptedInference.cs | 85
queue    | JobService | Queue/InMemoryQueue.cs Queue/PendingJobs.cs Queue/WaitReasons.cs | JobService.Tests | Queue/InMemoryQueueTests.cs Queue/JobQueueContract.cs Queue/PendingJobsTests.cs Queue/QueueRankTests.cs Queue/FairQueueTests.cs Queue/WaitReasonsTests.cs Queue/ScriptedInference.cs Fakes/**/*.cs StoreChanges.cs Storage/TestJobs.cs | 85
security | Hosting | Security/**/*.cs | Hosting.Tests | Security/**/*.cs TestServer.cs EchoServices.cs | 85
TABLE
}

fail() { printf 'mutation: %s\n' "$*" >&2; exit 1; }

# A test project of a few files: a change is then tried in seconds, and the build outputs of tests/ stay as they are.
write_project() { # part, project, test project, test files
  local folder=out/mutation/$1 name=ForegSyte.$3 file
  rm -rf "$folder" && mkdir -p "$folder"
  {
    printf '<Project>\n<Import Project="%s/tests/Directory.Build.props" />\n' "$root"
    printf '<Import Project="Sdk.props" Sdk="Microsoft.NET.Sdk" />\n<PropertyGroup>\n'
    printf '<EnableDefaultItems>false</EnableDefaultItems><RunAnalyzers>false</RunAnalyzers>\n</PropertyGroup>\n<ItemGroup>\n'
    for file in $4; do printf '<Compile Include="%s/tests/%s/%s" />\n' "$root" "$3" "$file"; done
    sed -n -e '/<PackageReference /p' -e "s|<ProjectReference Include=\"\.\.|<ProjectReference Include=\"$root/tests|p" \
      "tests/$3/$name.csproj"
    printf '</ItemGroup>\n<Import Project="Sdk.targets" Sdk="Microsoft.NET.Sdk" />\n</Project>\n'
  } > "$folder/$name.csproj"
}

# One row per file with changes, and one for the part: score in percent, noticed (with time-outs), unnoticed.
summarize() { # part
  tr -d '\\' < "out/mutation/$1/report/reports/mutation-report.md" | awk -F'|' -v part="$1" '
    function number(text) { gsub(/ /, "", text); return text + 0 }
    function row(name, killed, missed) {
      printf "| %-46s | %6.2f | %7d | %9d |\n", name, 100 * killed / (killed + missed), killed, missed
    }
    NF < 10 || number($4) + number($5) + number($6) + number($7) == 0 { next }
    $2 ~ /All files|Total/ { next }
    {
      gsub(/ /, "", $2)
      killed = number($4) + number($6); missed = number($5) + number($7)
      row(part " " $2, killed, missed); all += killed; none += missed
    }
    END { if (all + none > 0) row(part, all, none) }'
}

set -f # The globs of the table are for MSBuild and Stryker.
dotnet tool restore > /dev/null || fail "the tools of .config/dotnet-tools.json cannot be restored."
status=0 summaries=
while IFS='|' read -r part project mutated test_project test_files minimum; do
  part=${part// } project=${project// } test_project=${test_project// } minimum=${minimum// }
  [ $# -eq 0 ] || case " $* " in *" $part "*) ;; *) continue ;; esac
  if [ ! -d "tests/$test_project" ]; then
    printf '%s: SKIPPED, tests/%s does not exist\n' "$part" "$test_project"
    continue
  fi
  write_project "$part" "$project" "$test_project" "$test_files"
  dotnet build "out/mutation/$part" -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly' ||
    fail "the tests of $part do not build; the table in eng/mutation.sh lists their files."
  globs=()
  for file in $mutated; do globs+=(--mutate "**/$file"); done
  (cd "out/mutation/$part" && dotnet stryker --test-runner mtp --project "ForegSyte.$project.csproj" "${globs[@]}" \
    --concurrency 2 --break-at "${LIMIT:-$minimum}" --threshold-low "$minimum" --threshold-high 95 --reporter json --reporter markdown \
    --output report --skip-version-check --verbosity error > /dev/null) || status=1
  summaries+=$(summarize "$part")$'\n'
done < <(parts)
printf '| %-46s | score  | noticed | unnoticed |\n|---|--:|--:|--:|\n%s' "part and file" "$summaries"
exit "$status"
