#!/usr/bin/env bash
# Makes everything that is handed out, in out/release: NuGet packages, the Python wheel, .deb packages, tarballs for Linux
# (x64), protoset, OpenAPI document, SBOM, release notes and SHA256SUMS.
#   eng/release.sh                          the release of Directory.Build.props
#   VERSION_SUFFIX=rc.1 eng/release.sh      a version before it: alpha.N, beta.N, rc.N or dev.N
#   eng/release.sh PART...                  only packages, wheel, programs, debian, contracts, sbom or notes; sums always
# It builds a copy of the tracked files, so that neither build outputs nor lock files of the checkout change.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/version.sh
root=$PWD
folder=$root/out/release
copy=$root/out/release-source
programs=$root/out/release-programs
runtime=linux-x64
export DOTNET_NOLOGO=1 VERSION_SUFFIX=$version_suffix SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
quiet=(-c Release -v quiet --nologo -tl:off)

say() { printf 'release: %s\n' "$*" >&2; }

copy_sources() {
  rm -rf "$copy"
  mkdir -p "$copy"
  git ls-files -z | tar -c --null --files-from - | tar -x -C "$copy"
  [ -z "$(git status --porcelain --untracked-files=no)" ] || say "the tracked files have changes that are not committed."
}

packages() {
  [ -d "$copy/src" ] || copy_sources
  (cd "$copy" && eng/pack.sh "$folder" >/dev/null)
}

wheel() { eng/python.sh "$folder" >/dev/null; }

# publish PROJECT NAME: a program that brings its own .NET, compiled to native code, so that it starts faster (ADR 57).
publish() {
  # The lock file of this runtime stays in obj, as that of another accelerator does.
  dotnet publish "$copy/src/$1" "${quiet[@]}" '-clp:NoSummary;ErrorsOnly' -r $runtime --self-contained true \
    -p:Version="$package_version" -p:NuGetLockFilePath=obj/packages.$runtime.lock.json \
    -p:ContinuousIntegrationBuild=true -p:RunAnalyzers=false -p:PublishReadyToRun=true \
    -o "$programs/$2"
  find "$programs/$2" -type f \( -name '*.xml' -o -name '*.pdb' -o -name createdump \) -delete
  find "$programs/$2" -type f -exec chmod 644 {} +
  find "$programs/$2" -maxdepth 1 -type f \( -name ForegSyte.JobService -o -name ForegSyte.InferenceService -o -name foregsyte \) \
    -exec chmod 755 {} +
}

# tarball NAME [EXTRA...]: the program with licence and further files of the repository.
tarball() {
  local name=foregsyte-$1-$package_version-$runtime
  local staged=$programs/tarballs/$name
  rm -rf "$staged"
  mkdir -p "$staged"
  cp -r "$programs/$1" "$staged/bin"
  cp LICENSE "$staged"
  shift
  for extra in "$@"; do cp -r "$extra" "$staged"; done
  tar -C "$programs/tarballs" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$name" |
    gzip -9n >"$folder/$name.tar.gz"
}

programs() {
  [ -d "$copy/src" ] || copy_sources
  rm -rf "$programs"
  publish JobService jobservice
  publish InferenceService inference
  publish Client/CommandLine client
  tarball jobservice data/pipelines deploy/systemd/foregsyte-jobservice.service deploy/debian/jobservice.json
  tarball inference data/pipelines data/models deploy/systemd/foregsyte-inference.service deploy/debian/inference.json
  tarball client
}

debian() {
  [ -d "$programs/jobservice" ] || programs
  eng/debian.sh "$programs" "$folder"
}

contracts() {
  local descriptors=$root/out/contracts
  eng/contracts.sh "$descriptors" >&2
  cp "$descriptors/foregsyte.protoset" "$folder/foregsyte-$package_version.protoset"
  cp "$descriptors/openapi.json" "$folder/foregsyte-$package_version.openapi.json"
}

# A list of all NuGet packages in the programs, CycloneDX; .NET itself is not among them.
sbom() {
  local bom=foregsyte-$package_version.cdx.json log=$root/out/release-sbom.log
  [ -d "$copy/src" ] || copy_sources
  dotnet tool restore --tool-manifest .config/dotnet-tools.json >/dev/null
  # The tool does not find projects whose paths have the backslashes of Windows.
  sed 's|\\\\|/|g' "$copy/eng/programs.slnf" >"$copy/eng/release.slnf"
  dotnet CycloneDX "$copy/eng/release.slnf" --output "$folder" --filename "$bom" --output-format Json --exclude-test-projects \
    --set-name ForegSyte --set-version "$package_version" --set-type Application >"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; exit 1; }
  grep -q '"pkg:nuget/' "$folder/$bom" || { say "the SBOM has no packages; see $log."; exit 1; }
}

# The latest section of CHANGELOG.md.
notes() {
  {
    echo "# ForegSyte $package_version"
    awk '/^## / { if (found++) exit; next } found' CHANGELOG.md
  } >"$folder/RELEASE-NOTES.md"
}

if [ $# -eq 0 ]; then
  set -- packages wheel programs debian contracts sbom notes
  rm -rf "$folder" "$copy" "$programs"
fi
mkdir -p "$folder"
for part in "$@"; do
  case "$part" in
    packages | wheel | programs | debian | contracts | sbom | notes) ;;
    *) say "unknown part $part. Use packages, wheel, programs, debian, contracts, sbom or notes."; exit 1 ;;
  esac
  say "$part ..."
  "$part"
done
(cd "$folder" && rm -f SHA256SUMS && sha256sum -- * >SHA256SUMS)
(cd "$folder" && ls -l --block-size=K | awk 'NR > 1 { print "  " $NF, $5 }')
