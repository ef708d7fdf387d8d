# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-xds unit
  xds/protocol_test.cc
  xds/session_test.cc
  xds/wire_test.cc)
