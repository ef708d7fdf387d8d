# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-http unit
  http/client_test.cc
  http/options_test.cc
  http/request_test.cc
  http/retry_budget_test.cc)
