#!/usr/bin/env bash
# Makes .deb packages of published programs: foregsyte (the command line), foregsyte-jobservice, foregsyte-inference, and
# foregsyte-data (pipelines, models and documents) for both services.
#   eng/debian.sh PROGRAMS FOLDER     PROGRAMS has jobservice, inference and client, as eng/release.sh publishes them
# Prints what lintian finds; errors and warnings fail.
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/version.sh
programs=$1
folder=$2
stage=$programs/debian
architecture=amd64
maintainer="The ForegSyte authors <packages@foregsyte.dev>"
libraries="libc6, libgcc-s1, libssl3, libstdc++6"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

# put MODE FILE TARGET: one file.
put() { install -D -m "$1" "$2" "$stage/$package/$3"; }

# control PACKAGE ARCHITECTURE DEPENDS SUMMARY DESCRIPTION: begins a package.
control() {
  package=$1
  rm -rf "${stage:?}/$package"
  mkdir -p "$stage/$package/DEBIAN"
  printf '%s\n' "Package: $package" "Version: $debian_version" "Architecture: $2" "Maintainer: $maintainer" \
    "Section: video" "Priority: optional" "Homepage: https://foregsyte.dev" ${3:+"Depends: $3"} "Description: $4" "$5" \
    >"$stage/$package/DEBIAN/control"
  put 644 deploy/debian/copyright "usr/share/doc/$package/copyright"
  mkdir -p "$stage/$package/usr/share/doc/$package"
  printf '%s (%s) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' \
    "$package" "$debian_version" "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" |
    gzip -9n >"$stage/$package/usr/share/doc/$package/changelog.gz"
}

# overrides: what lintian finds in binaries of others.
overrides() {
  mkdir -p "$stage/$package/usr/share/lintian/overrides"
  sed "s/@PACKAGE@/$package/" deploy/debian/overrides >"$stage/$package/usr/share/lintian/overrides/$package"
}

# service USER SETTINGS: unit, configuration and scripts of a service.
service() {
  local script
  put 644 "deploy/systemd/$package.service" "lib/systemd/system/$package.service"
  put 644 "deploy/debian/$package.default" "etc/default/$package"
  put 644 "deploy/debian/$2" "etc/foregsyte/$2"
  printf '/etc/default/%s\n/etc/foregsyte/%s\n' "$package" "$2" >"$stage/$package/DEBIAN/conffiles"
  for script in postinst prerm postrm; do
    sed "s/@PACKAGE@/$package/g; s/@USER@/$1/g" "deploy/debian/$script" >"$stage/$package/DEBIAN/$script"
    chmod 755 "$stage/$package/DEBIAN/$script"
  done
}

# finish: size, checksums and the file.
finish() {
  local target
  target=$folder/${package}_${debian_version}_$(sed -n 's/^Architecture: //p' "$stage/$package/DEBIAN/control").deb
  find "$stage/$package" -type d -exec chmod 755 {} +
  sed -i "/^Description:/i Installed-Size: $(du -sk --exclude=DEBIAN "$stage/$package" | cut -f 1)" \
    "$stage/$package/DEBIAN/control"
  (cd "$stage/$package" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) \
    >"$stage/$package/DEBIAN/md5sums"
  dpkg-deb --root-owner-group -Zxz -z3 --build "$stage/$package" "$target" >/dev/null
  made+=("$target")
}

made=()
mkdir -p "$folder"
rm -f "$folder"/foregsyte*.deb

control foregsyte-data all "" "pipelines, models and documents of ForegSyte" \
  " ForegSyte finds objects and reads text in videos. This package has what both of
 its services share."
mkdir -p "$stage/$package/usr/share/foregsyte"
cp -r data/models data/pipelines "$stage/$package/usr/share/foregsyte/"
for document in docs/*.md CHANGELOG.md; do put 644 "$document" "usr/share/doc/foregsyte/${document##*/}"; done
find "$stage/$package/usr" -type f -exec chmod 644 {} +
finish

control foregsyte $architecture "$libraries" "command line of ForegSyte" \
  " ForegSyte finds objects and reads text in videos. This package has the command
 foregsyte, which submits videos to a server and reads their results."
sed -i '/^Description:/i Recommends: ffmpeg' "$stage/$package/DEBIAN/control"
mkdir -p "$stage/$package/usr/lib/foregsyte" "$stage/$package/usr/bin"
cp -r "$programs/client" "$stage/$package/usr/lib/foregsyte/client"
ln -s ../lib/foregsyte/client/foregsyte "$stage/$package/usr/bin/foregsyte"
mkdir -p "$stage/$package/usr/share/man/man1"
gzip -9n <deploy/debian/foregsyte.1 >"$stage/$package/usr/share/man/man1/foregsyte.1.gz"
overrides
finish

control foregsyte-jobservice $architecture \
  "adduser, foregsyte-data (= $debian_version), $libraries" "durable jobs over videos (service)" \
  " ForegSyte finds objects and reads text in videos. This package has the
 JobService, which accepts videos, keeps their jobs and serves the results."
sed -i "/^Description:/i Recommends: foregsyte, foregsyte-inference (= $debian_version)" \
  "$stage/$package/DEBIAN/control"
mkdir -p "$stage/$package/usr/lib/foregsyte"
cp -r "$programs/jobservice" "$stage/$package/usr/lib/foregsyte/jobservice"
service foregsyte jobservice.json
overrides
finish

control foregsyte-inference $architecture \
  "adduser, bubblewrap, ffmpeg, foregsyte-data (= $debian_version), $libraries" \
  "frames and models of ForegSyte (service)" \
  " ForegSyte finds objects and reads text in videos. This package has the
 InferenceService, which decodes videos and runs models over their frames."
mkdir -p "$stage/$package/usr/lib/foregsyte"
cp -r "$programs/inference" "$stage/$package/usr/lib/foregsyte/inference"
service foregsyte-inference inference.json
overrides
finish

if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning --tag-display-limit 0 "${made[@]}"
else
  echo "debian: lintian is missing, so the packages are not checked." >&2
fi
