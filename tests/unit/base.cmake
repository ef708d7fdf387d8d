# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-base unit
  base/backoff_test.cc
  base/check_test.cc
  base/light_test.cc
  base/reclaim_test.cc
