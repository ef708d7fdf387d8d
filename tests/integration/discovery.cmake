# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-discovery integration
  discovery_test.cc
  snapshot_dir_test.cc
  ../support/raw_provider.cc)

naming_tests(contract-discovery integration
  discovery_contract.cc
  ../support/backend_contract.cc
  ../support/raw_provider.cc)
