#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: sh tests/run.sh
# Builds everything in build/dev and runs every test; installs the Debian
# packages that are missing for that.
set -eu
cd "$(dirname "$0")/.."

sh cmake/packages.sh build grpc tests
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-ccache}"
fi
cmake --workflow --preset dev
