#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: sh examples/demo.sh
# Builds build/release, then shows a registry, a consumer and providers that
# come and go. Installs the Debian packages that are missing for that. Exits
# with 0 when everything that it tells really happened.
set -eu
cd "$(dirname "$0")/.."

sh cmake/packages.sh build
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-ccache}"
fi
cmake --preset release
cmake --build --preset release

. tests/support/programs.sh
PATH="$PWD/build/release/bin:$PATH"
app=demo.greeter

has_registered() { grep -q "^registered .* $1\$" "$files/$1.out"; }

# Prints the consumer's newest list.
newest_list() {
  awk -v app="$app" '$1 == app { text = "" } { text = text $0 "\n" }
    END { printf "%s", text }' "$files/consumer.out"
}

# Whether the newest list holds these instances, as many as there are.
consumer_sees() {
  case $(newest_list) in *"  $# instance"*) ;; *) return 1 ;; esac
  for name in "$@"; do consumer_lists "$name" || return 1; done
}

consumer_lists() {
  case $(newest_list) in *" $1 "*) ;; *) return 1 ;; esac
}

start_provider() {
  show "$1" namingctl register "$app" --hostname "$1" --addr "grpc://$2"
  await "$1 is registered" has_registered "$1"
}

say "A registry on a free port."
show node naming-node --listen 127.0.0.1:0
node_pid=$pid
await "the node listens" node_listens node
cat "$files/node.out"
export DISCOVERY_NODES="$address"
echo "\$ export DISCOVERY_NODES=$address"

say "A consumer follows $app, which nobody provides yet."
show consumer namingctl watch "$app"

say "Two providers register, and the consumer's list grows to 2."
start_provider provider-1 127.0.0.1:9001
first_pid=$pid
start_provider provider-2 127.0.0.1:9002
second_pid=$pid
await "the consumer sees both" consumer_sees provider-1 provider-2
newest_list

say "provider-1 is stopped politely (SIGTERM): it cancels, and is gone at once."
stop "$first_pid" TERM
await "the consumer sees provider-2 alone" consumer_sees provider-2
newest_list

say "provider-2 is killed (SIGKILL): it can't say so."
stop "$second_pid" KILL
echo "\$ namingctl fetch $app"
namingctl fetch "$app" | tee "$files/fetched" || :
grep -q ' provider-2 ' "$files/fetched" || fail "the registry forgot provider-2"
consumer_sees provider-2 || fail "the consumer's list changed"
echo "The consumer still sees:"
newest_list
echo "The registry lists it until its lease ends, 90 s after its last renewal at"
echo "the earliest: no registry can tell you at once that a program has died."

say "The registry is restarted under the consumer, and comes back empty."
stop "$node_pid" TERM
show node naming-node --listen "$address"
await "the node listens again" node_listens node
cat "$files/node.out"
consumer_sees provider-2 || fail "the consumer lost its list"
echo "The consumer keeps what it had:"
newest_list

say "The consumer carries on: a third provider registers, and it sees it."
start_provider provider-3 127.0.0.1:9003
await "the consumer sees provider-3" consumer_lists provider-3
newest_list
echo "What it logged meanwhile:"
cat "$files/consumer.err"

printf '\nThat is all: every step happened as told.\n'
