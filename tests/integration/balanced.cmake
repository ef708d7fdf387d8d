# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-balanced integration
  balanced_test.cc
  ../support/raw_provider.cc)
