# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-direct unit direct/client_test.cc)
