#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: sh readme.sh README DIRECTORY
# Runs the README's commands for naming-node and namingctl, which lie in
# DIRECTORY, as they stand but for the port.
set -eu
. "$(dirname "$0")/../support/programs.sh"
PATH="$2:$PATH"

awk '/^<!-- test: namingctl -->$/ { wanted = 1; next }
  wanted && /^```$/ { exit }
  wanted && !/^```/' "$1" >"$files/all"
sed -n '/^naming-node /p' "$files/all" >"$files/node"
sed '/^naming-node /d' "$files/all" >"$files/rest"
if [ ! -s "$files/node" ] || [ ! -s "$files/rest" ]; then
  fail "$1 has no such commands"
fi

run() { exec sh -c "exec $(sed 's/:7171/:0/; s/ &$//' "$files/node")"; }
start node run
await "the node listens" node_listens node

# One of them runs in the background.
echo "trap 'kill \$!' EXIT" >"$files/script"
sed "s/127.0.0.1:7171/$address/" "$files/rest" >>"$files/script"
sh -e "$files/script" >"$files/script.out" 2>"$files/script.err" ||
  fail "the commands fail: $(cat "$files/script")"
grep -q "grpc://" "$files/script.out" || fail "nothing was resolved"
