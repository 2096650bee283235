#!/usr/bin/env bash
# Packs ForegSyte.Protocol, ForegSyte.Exports and ForegSyte.Client, with symbols, and the tool ForegSyte.CommandLine.
#   eng/pack.sh                            into out/packages
#   VERSION_SUFFIX=rc.1 eng/pack.sh        with the version 0.1.0-rc.1
#   eng/pack.sh --no-build FOLDER          into FOLDER, without building
#   BASELINE=FOLDER eng/pack.sh            fail if the packages break users of the release in FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
configuration=${CONFIGURATION:-Release}
build=true
if [ "${1:-}" = --no-build ]; then build=false; shift; fi
folder=${1:-out/packages}
source eng/version.sh

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
rm -f "$folder"/ForegSyte.*.nupkg "$folder"/ForegSyte.*.snupkg
quiet=(-c "$configuration" --nologo -v quiet -tl:off -p:Version="$package_version")
if $build; then
  # Keeps this machine's paths out of the packages.
  dotnet build src/Client/CommandLine "${quiet[@]}" -clp:'NoSummary;ErrorsOnly' --no-incremental \
    -p:ContinuousIntegrationBuild=true
fi
for project in src/Protocol:Protocol src/Exports:Exports src/Client/Sdk:Client src/Client/CommandLine:CommandLine; do
  baseline=()
  if [ -n "${BASELINE:-}" ]; then
    released=("$(cd "$BASELINE" && pwd)/ForegSyte.${project#*:}".[0-9]*.nupkg)
    [ -f "${released[0]}" ] && baseline=(-p:PackageValidationBaselinePath="${released[0]}")
  fi
  dotnet pack "${project%:*}" "${quiet[@]}" --no-build -o "$folder" "${baseline[@]}"
done
cd "$folder" && ls -l --block-size=K ForegSyte.* | awk '{ print "  " $NF, $5 }'
