#!/usr/bin/env bash
# Installs the .deb packages of a folder (out/release) with dpkg, starts both services as their units would, analyzes a video
# with the command line as another user, stops the services, and removes the packages. The machine stays as it is: all of this
# happens in namespaces of its own, on a copy of the root file system that is thrown away.
#   eng/debian-test.sh [FOLDER]
# Exit code 2: this machine does not permit it; the last line says why.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

none() { printf 'debian-test: %s\n' "$*" >&2; exit 2; }
fail() { printf 'debian-test: %s\n' "$*" >&2; exit 1; }

# Runs on the machine: a copy of its root file system in new namespaces.
outside() {
  local folder=${1:-$here/out/release}
  compgen -G "$folder/foregsyte*.deb" >/dev/null || fail "there are no packages in $folder; make release builds them."
  [ "$(id -u)" -eq 0 ] || none "needs root, to mount and to install."
  unshare --mount --net --pid --fork true 2>/dev/null || none "namespaces are not permitted here."
  work=$(mktemp -d)
  trap 'rmdir "$work"' EXIT
  unshare --mount --net --pid --fork --kill-child "$0" --namespace "$folder" "$work"
}

# Runs in the namespaces: makes the copy the root.
namespace() {
  local folder=$1 work=$2
  mount --make-rprivate /
  mount -t tmpfs -o size=4G tmpfs "$work"
  mkdir "$work"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root" ||
    none "overlay file systems are not permitted here."
  cd "$work/root"
  mkdir -p old
  mount -t proc proc proc
  mount --rbind /dev dev
  mount -t tmpfs tmpfs run
  mount -t tmpfs tmpfs tmp
  chmod 1777 tmp
  cp "$folder"/foregsyte*.deb "$here/data/samples/pedestrians.mp4" tmp
  install -m 755 "$here/eng/debian-test.sh" tmp/debian-test.sh
  # Not chroot: in one, the kernel permits no sandbox of decoders.
  pivot_root . old
  umount -l /old
  cd /
  exec /tmp/debian-test.sh --installed
}

# set_up UNIT: what systemd does before it starts the unit's program. Sets user, group and environment.
set_up() {
  local unit=/lib/systemd/system/$1.service name line
  value() { sed -n "s/^$1=//p" "$unit" | tail -n 1; }
  user=$(value User)
  group=$(value Group)
  environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/ LANG=C.UTF-8)
  while read -r line; do environment+=("$line"); done < <(sed -n 's/^Environment=//p' "$unit")
  while read -r line; do environment+=("$line"); done < <(grep -v '^#' "/etc/default/$1" || true)
  umask "$(value UMask)"
  for name in $(value RuntimeDirectory); do
    install -d -o "$user" -g "$group" -m "$(sed -n 's/^RuntimeDirectoryMode=//p' "$unit")" "/run/$name" 2>/dev/null ||
      install -d -o "$user" -g "$group" -m 755 "/run/$name"
  done
  directory=$(value WorkingDirectory)
  check=$(value ExecStartPre)
  program=$(value ExecStart)
}

# as_unit COMMAND...: runs a command as the unit's user with its environment and without capabilities.
as_unit() {
  (cd "$directory" && exec setpriv --reuid "$user" --regid "$group" --init-groups --no-new-privs --bounding-set=-all \
    --inh-caps=-all env -i "${environment[@]}" "$@")
}

# start UNIT: starts a service and waits until it listens. Sets pid.
start() {
  set_up "$1"
  # Word splitting on purpose: the unit's command line.
  # shellcheck disable=SC2086
  as_unit $check
  # shellcheck disable=SC2086
  as_unit $program >"/tmp/$1.log" 2>&1 &
  pid=$!
  for _ in $(seq 1200); do
    ! grep -q 'Now listening on' "/tmp/$1.log" || { echo "$1 $(grep -o 'Now listening on.*' "/tmp/$1.log" | head -n 1)"; return; }
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "/tmp/$1.log" >&2
  fail "$1 did not start."
}

# stop UNIT PID: ends a service as systemd does.
stop() {
  local status=0
  kill -TERM "$2"
  wait "$2" || status=$?
  [ $status -eq 0 ] || [ $status -eq 143 ] || fail "$1 ended with $status."
  echo "$1 stopped"
}

# Runs in the copy: installs, uses and removes the packages.
installed() {
  local inference jobs left
  ip link set lo up
  export DEBIAN_FRONTEND=noninteractive
  dpkg --install /tmp/foregsyte*.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log >&2; fail "dpkg could not install."; }
  dpkg-query -W -f '${Package} ${Version} ${Installed-Size} KiB\n' 'foregsyte*'
  start foregsyte-inference
  inference=$pid
  start foregsyte-jobservice
  jobs=$pid
  install -d -o nobody -g nogroup /tmp/home
  umask 022
  (cd /tmp/home && setpriv --reuid nobody --regid nogroup --clear-groups env -i PATH=/usr/bin HOME=/tmp/home \
    foregsyte analyze /tmp/pedestrians.mp4 --stride 10 --output-dir /tmp/home/out) || fail "the job failed."
  [ -n "$(ls /tmp/home/out)" ] || fail "foregsyte analyze wrote nothing."
  find /usr/lib/foregsyte /usr/share/foregsyte -newer /tmp/dpkg.log | grep . && fail "a service changed its own files."
  stop foregsyte-jobservice "$jobs"
  stop foregsyte-inference "$inference"
  dpkg --remove foregsyte foregsyte-jobservice foregsyte-inference foregsyte-data >/tmp/dpkg.log 2>&1 ||
    { cat /tmp/dpkg.log >&2; fail "dpkg could not remove."; }
  [ -e /etc/foregsyte/jobservice.json ] || fail "removing deleted the configuration."
  dpkg --purge foregsyte foregsyte-jobservice foregsyte-inference foregsyte-data >/tmp/dpkg.log 2>&1 ||
    { cat /tmp/dpkg.log >&2; fail "dpkg could not purge."; }
  left=$(find / -xdev -path /proc -prune -o -path /tmp -prune -o -path /dev -prune -o -path /work -prune -o \
    -path /home -prune -o -path /root -prune -o -path /run -prune -o -name '*foregsyte*' -print -prune)
  [ "$left" = /var/lib/foregsyte ] || fail "purging left: $left"
  [ -n "$(find /var/lib/foregsyte/video_jobs -name '*_results.json')" ] || fail "purging deleted the jobs."
  echo "removed; the jobs in /var/lib/foregsyte stay"
}

case "${1:-}" in
  --namespace) shift; namespace "$@" ;;
  --installed) installed ;;
  *) outside "$@" ;;
esac
