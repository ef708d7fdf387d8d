#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: sh examples/grpc_demo.sh
# Builds build/release, then shows a gRPC client that calls at full speed while
# servers are drained, killed and started. Installs the Debian packages that are
# missing for that. Exits with 0 when everything that it tells really happened.
set -eu
cd "$(dirname "$0")/.."

sh cmake/packages.sh build grpc
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-ccache}"
fi
cmake --preset release
cmake --build --preset release

. tests/support/programs.sh
PATH="$PWD/build/release/bin:$PATH"

serves() { grep -q "^serving at " "$files/$1.out"; }

# Sets `served` to where the server that was started as $1 listens.
start_server() {
  show "$1" example-grpc_server
  await "$1 serves" serves "$1"
  served=$(sed -n 's/^serving at //p' "$files/$1.out")
  cat "$files/$1.out"
}

# Prints the client's newest whole report.
report() {
  awk '/^--$/ { last = text; text = ""; next } { text = text "  " $0 "\n" }
    END { printf "%s", last }' "$files/client.out"
}

# Whether the newest report is of calls to exactly these servers.
calls_go_to() {
  [ "$(report | grep -c '^  ipv4:')" -eq $# ] || return 1
  for server in "$@"; do report | grep -q "ipv4:$server  " || return 1; done
}

say "A registry on a free port, and three servers, which register themselves."
show node naming-node --listen 127.0.0.1:0
await "the node listens" node_listens node
export DISCOVERY_NODES="$address"
echo "\$ export DISCOVERY_NODES=$address"
start_server server-1
one=$served
one_pid=$pid
start_server server-2
two=$served
two_pid=$pid
start_server server-3
three=$served

say "A client calls them through one stub. Calls in a second, by server:"
show client example-grpc_client
client_pid=$pid
await "calls go to all" calls_go_to "$one" "$two" "$three"
report

say "server-1 is stopped politely (SIGTERM): it leaves, serves on, and ends."
kill -TERM "$one_pid"
wait "$one_pid" || fail "server-1 did not end well"
cat "$files/server-1.out"
await "calls go to two" calls_go_to "$two" "$three"
report

say "server-2 is killed (SIGKILL): the registry still lists it."
stop "$two_pid" KILL
await "calls go to one" calls_go_to "$three"
report

say "server-4 is started, and gets its share."
start_server server-4
await "calls go to the new one" calls_go_to "$three" "$served"
report

stop "$client_pid" TERM
grep "^failed" "$files/client.out" && fail "calls failed"
printf '\nThat is all: no call failed.\n'
