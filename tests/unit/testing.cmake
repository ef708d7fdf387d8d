# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-testing unit
  testing/fake_backend_test.cc
  ../support/backend_contract.cc)
