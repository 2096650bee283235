#!/usr/bin/env bash
# Lists known vulnerabilities of the NuGet and npm packages, also of indirect ones.
# Exit codes: 0 none known, 1 some found, 2 a source could not be asked (its reason is printed), so nothing is known.
set -uo pipefail
cd "$(dirname "$0")/.."

found=0
unknown=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { printf '%s\n' "$*"; }

not_asked() {
  say "audit: $1: the source of vulnerabilities could not be asked; nothing is known."
  grep -vE '^\s*$' "$log" | tail -n 5 | sed 's/^/  /'
  unknown=1
}

audit_nuget() {
  if ! dotnet list ForegSyte.sln package --vulnerable --include-transitive >"$log" 2>&1; then
    not_asked NuGet
  elif grep -q 'has the following vulnerable packages' "$log"; then
    say "audit: NuGet: vulnerable packages:"
    grep -E 'has the following|^\s+>' "$log"
    found=1
  elif ! nuget_knows_vulnerabilities; then
    not_asked "NuGet (it does not report Newtonsoft.Json 12.0.1, which is vulnerable)"
  else
    say "audit: NuGet: no known vulnerabilities."
  fi
}

# A source without data about vulnerabilities answers "no vulnerable packages". One that has them reports this package
# (GHSA-5crp-9r3c-p9vr).
nuget_knows_vulnerabilities() {
  local probe
  probe=$(mktemp -d)
  cat >"$probe/probe.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup>
  <ItemGroup><PackageReference Include="Newtonsoft.Json" Version="12.0.1" /></ItemGroup>
</Project>
PROJECT
  { dotnet restore "$probe/probe.csproj" && dotnet list "$probe/probe.csproj" package --vulnerable; } >"$log" 2>&1
  rm -rf "$probe"
  grep -q 'has the following vulnerable packages' "$log"
}

audit_npm() {
  if [ ! -f package-lock.json ]; then
    say "audit: npm: package-lock.json is missing; run npm install first." >"$log"
    not_asked npm
    return
  fi
  # npm exits with 1 for vulnerabilities and for an unreachable source; only a report has "metadata".
  npm audit --json >"$log" 2>&1
  local report=$?
  if ! grep -q '"metadata"' "$log"; then
    not_asked npm
  elif [ "$report" -ne 0 ]; then
    npm audit || true
    found=1
  else
    say "audit: npm: no known vulnerabilities."
  fi
}

audit_nuget
audit_npm
if [ "$found" -ne 0 ]; then
  exit 1
fi
[ "$unknown" -eq 0 ] || exit 2
