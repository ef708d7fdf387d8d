# SPDX-License-Identifier: Apache-2.0
# For scripts that run our programs side by side; to be sourced. Ends what was
# started when the script ends, however that comes.

# Only what the script says counts.
unset DISCOVERY_NODES REGION ZONE DEPLOY_ENV HOSTNAME APP_ID DEPLOY_COLOR

files=$(mktemp -d)
started=

clean_up() {
  status=$?
  trap - EXIT
  trap '' INT TERM HUP
  for pid in $started; do kill -KILL "$pid" 2>/dev/null || :; done
  wait
  rm -rf "$files"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Prints why the script fails, with what the programs said, and ends it.
fail() {
  echo "${0##*/}: $*" >&2
  for log in "$files"/*.err; do
    [ ! -e "$log" ] || sed "s|^|${log##*/}: |" "$log" >&2
  done
  exit 1
}

# start NAME COMMAND...: runs it in the background, with its output in
# $files/NAME.out and NAME.err. Sets `pid`.
start() {
  name=$1
  shift
  : >"$files/$name.out"
  "$@" >"$files/$name.out" 2>"$files/$name.err" &
  pid=$!
  started="$started $pid"
}

# Says what comes next, in scripts that show something.
step=0
say() {
  step=$((step + 1))
  printf '\n== %d. %s\n' "$step" "$*"
}

# show NAME COMMAND...: as start, and shows the command.
show() {
  name=$1
  shift
  echo "\$ $* &"
  start "$name" "$@"
}

# stop PID SIGNAL: ends what was started, and waits for it.
stop() {
  kill "-$2" "$1"
  wait "$1" 2>/dev/null || :
  left=
  for other in $started; do
    [ "$other" = "$1" ] || left="$left $other"
  done
  started=$left
}

# await WHAT COMMAND...: waits until the command succeeds; fails after 20 s.
await() {
  what=$1
  shift
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || fail "did not happen within 20 s: $what"
    sleep 0.1
  done
}

# Sets `address` to where the node that was started as NAME listens.
node_listens() {
  address=$(sed -n '1s|^listening on http://||p' "$files/$1.out")
  [ -n "$address" ]
}
