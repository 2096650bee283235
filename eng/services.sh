# Starts and stops the two services; sourced by eng/demo.sh and eng/run.sh.
export DOTNET_NOLOGO=1
configuration=${CONFIGURATION:-Release}
started=()

# build_programs: the two services and the command line, without the tests.
build_programs() {
  dotnet msbuild eng/programs.slnf -restore -p:Configuration="$configuration" -v:quiet -nologo -tl:off \
    '-clp:NoSummary;ErrorsOnly'
}

assembly() { echo "src/$1/bin/$configuration/net10.0/ForegSyte.$1.dll"; }
foregsyte() { dotnet "src/Client/CommandLine/bin/$configuration/net10.0/foregsyte.dll" "$@"; }

# start NAME LOG [SETTING...]: starts a service in the background; its output goes to the file LOG.
start() {
  local name=$1 log=$2
  shift 2
  : >"$log"
  dotnet "$(assembly "$name")" "$@" >"$log" 2>&1 9>&- &
  started+=($!)
}

# wait_for_http LOG: prints the address of the port for HTTP, which the log of a started JobService has second.
wait_for_http() {
  local address
  for _ in $(seq 100); do
    address=$(sed -n 's/.*Now listening on: *\([^ ]*\).*/\1/p' "$1" | sed -n 2p)
    if [ -n "$address" ]; then echo "$address"; return; fi
    sleep 0.1
  done
}

# wait_for_address NAME LOG: prints the address that the service listens on, or what it said when it ended.
wait_for_address() {
  local name=$1 log=$2 address
  for _ in $(seq 600); do
    address=$(sed -n 's/.*Now listening on: *\([^ ]*\).*/\1/p' "$log" | head -n 1)
    if [ -n "$address" ]; then echo "$address"; return; fi
    if ! kill -0 "${started[-1]}" 2>/dev/null; then
      echo "$name did not start ($log):" >&2
      tail -n 5 "$log" >&2
      return 1
    fi
    sleep 0.1
  done
  echo "$name did not listen within a minute; see $log" >&2
  return 1
}

stop_services() {
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  for id in "${started[@]}"; do wait "$id" 2>/dev/null || true; done
}
