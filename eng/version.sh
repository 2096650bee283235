# The version of everything that is handed out, from Directory.Build.props and VERSION_SUFFIX; sourced by other scripts.
#   VERSION_SUFFIX=rc.1     a version before the release: alpha.N, beta.N, rc.N or dev.N
#   VERSION_SUFFIX=         the release itself
release_version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
version_suffix=${VERSION_SUFFIX:-}
if [ -n "$version_suffix" ] && ! [[ $version_suffix =~ ^(alpha|beta|rc|dev)(\.(0|[1-9][0-9]*)){1,2}$ ]]; then
  echo "VERSION_SUFFIX must be alpha.N, beta.N, rc.N or dev.N with a number N, not '$version_suffix'." >&2
  exit 1
fi
package_version=$release_version${version_suffix:+-$version_suffix}
# Debian sorts "~" before the release.
debian_version=$release_version${version_suffix:+~$version_suffix}
# PEP 440: 0.1.0rc1, 0.1.0.dev20261130093015.
python_version=$release_version$(sed -E 's/^alpha\./a/; s/^beta\./b/; s/^rc\./rc/; s/^dev\./.dev/' <<<"$version_suffix" |
  sed -E 's/([0-9])\.([0-9]+)$/\1 \2/' | awk 'NF == 2 { printf "%s%06d", $1, $2; next } { printf "%s", $0 }')
