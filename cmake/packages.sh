#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: sh cmake/packages.sh GROUP...
# Installs what is missing of the Debian packages of each GROUP:
#   build   the library, the programs and the examples
#   grpc    the component grpc; without them it isn't built
#   tests   the tests
#   checks  clang-format and clang-tidy
# Asks for nothing; uses sudo when it isn't root.
set -eu

packages=
for group in "$@"; do
  case $group in
    build)
      packages="$packages cmake ninja-build g++ pkg-config libabsl-dev"
      packages="$packages libcurl4-openssl-dev rapidjson-dev libevent-dev"
      packages="$packages libcli11-dev"
      ;;
    grpc)
      packages="$packages libgrpc++-dev protobuf-compiler-grpc"
      packages="$packages libprotobuf-dev protobuf-compiler"
      ;;
    tests)
      packages="$packages catch2 etcd-server etcd-client nginx-light openssl"
      ;;
    checks) packages="$packages clang-format-14 clang-tidy-14 clang-14" ;;
    *)
      echo "packages.sh: $group: no such group" >&2
      exit 2
      ;;
  esac
done

if ! command -v apt-get >/dev/null; then
  echo "No apt-get here. This needs what Debian 12 has as:$packages"
  exit 0
fi

missing=
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) ||
    state=
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "packages.sh: neither root nor sudo; as root, run:" >&2
    echo "  apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

echo "Installing${as_root:+ (with sudo)}:$missing"
$as_root apt-get -q update
# shellcheck disable=SC2086  # A list of words.
$as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get -q -y --no-install-recommends install $missing </dev/null
