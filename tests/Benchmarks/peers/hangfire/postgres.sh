#!/usr/bin/env bash
# Runs a PostgreSQL of its own, with the defaults of Debian's package (fsync and synchronous_commit on), until it is
# signalled.   postgres.sh FOLDER PORT
set -euo pipefail
folder=$1 port=$2

fail() { printf '%s\n' "$*" >&2; exit 1; }

find_binaries() {
  local newest
  newest=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$newest" ] && printf '%s' "$newest"
}

if ! binaries=$(find_binaries); then
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null ||
    fail "PostgreSQL is missing, and installing it needs root and apt-get."
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } \
    >&2 || fail "PostgreSQL could not be installed."
  binaries=$(find_binaries) || fail "PostgreSQL was installed, but is not under /usr/lib/postgresql."
fi

# PostgreSQL refuses to run as root.
as_postgres=()
mkdir -p "$folder"
if [ "$(id -u)" -eq 0 ]; then
  chown postgres: "$folder"
  as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
fi
cd "$folder"
"${as_postgres[@]}" "$binaries/initdb" -D "$folder/db" -U peer --auth=trust --no-instructions >&2
exec "${as_postgres[@]}" "$binaries/postgres" -D "$folder/db" -p "$port" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories= -c max_connections=300
