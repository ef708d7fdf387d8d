# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-discovery integration
  discovery_test.cc
  snapshot_dir_test.cc
  ../support/raw_provider.cc)

naming_tests(contract-discovery integration
  discovery_contract.cc
  ../support/backend_contract.cc
  ../support/raw_provider.cc)

# What docs/promises.md names, as far as it takes real sockets.
naming_tests(integration-promises integration
  promises/faults_test.cc
  ../support/fault_proxy.cc
  ../support/raw_client.cc
  ../support/raw_provider.cc)

naming_tests(integration-scale integration
  scale_test.cc
  ../support/raw_client.cc)
