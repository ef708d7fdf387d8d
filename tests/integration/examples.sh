#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: sh examples.sh DIRECTORY
# Runs the examples, which lie in DIRECTORY with the programs, against a node.
set -eu
. "$(dirname "$0")/../support/programs.sh"
PATH="$1:$PATH"

prints() { grep -q "$2" "$files/$1.out"; }

start node naming-node --listen 127.0.0.1:0
await "the node listens" node_listens node

start watch example-watch "--nodes=$address"
watch_pid=$pid
start register example-register "--nodes=$address"
register_pid=$pid
await "it is registered" prints register "^registered as "
hostname=$(sed -n 's/^registered as \(.*\); .*/\1/p' "$files/register.out")
await "it is watched" prints watch "^demo.greeter: $hostname\$"

example-resolve "--nodes=$address" >"$files/resolve.out"
prints resolve "^zone01  $hostname  grpc://127.0.0.1:9000\$" ||
  fail "resolve: $(cat "$files/resolve.out")"
example-balance "--nodes=$address" >"$files/balance.out"
prints balance "^call 6 goes to 127.0.0.1:9000\$" ||
  fail "balance: $(cat "$files/balance.out")"
if [ -x "$1/example-service_test" ]; then
  "$1/example-service_test" >"$files/service_test.out" ||
    fail "service_test: $(cat "$files/service_test.out")"
fi
example-custom_backend >"$files/custom_backend.out"
if [ -x "$1/example-grpc_server" ]; then
  # Where it is built with ThreadSanitizer.
  TSAN_OPTIONS="suppressions=$(cd "$(dirname "$0")/../grpc" && pwd)/tsan.supp"
  TSAN_OPTIONS="$TSAN_OPTIONS:halt_on_error=1:ignore_noninstrumented_modules=1"
  export TSAN_OPTIONS
  start grpc_server example-grpc_server "--nodes=$address"
  grpc_server_pid=$pid
  await "it serves" prints grpc_server "^serving at "
  start grpc_client example-grpc_client "--nodes=$address"
  grpc_client_pid=$pid
  await "it is called" prints grpc_client "^ipv4:127.0.0.1:.*  [0-9]"
  stop "$grpc_client_pid" INT
  stop "$grpc_server_pid" TERM
  prints grpc_server "^stopped\$" || fail "grpc_server did not stop well"
fi

stop "$register_pid" TERM
prints register "^cancelled\$" || fail "register did not cancel"
await "it has left" prints watch "^demo.greeter:\$"

# The node is an HTTP server, too, if not one that greets.
start provider namingctl register demo.greeter --nodes "$address" \
  --addr "http://$address"
await "it is watched" sh -c "tail -n 1 '$files/watch.out' | grep -q ': .'"
example-http_client "--nodes=$address" >"$files/http_client.out"
prints http_client "^$address answered 404" ||
  fail "http_client: $(cat "$files/http_client.out")"
stop "$watch_pid" INT
