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
if(NAMING_BUILD_CLI)
  target_sources(integration-promises PRIVATE
    promises/failover_test.cc
    promises/zombies_test.cc
    ../support/node_processes.cc
    ../support/process.cc)
  target_compile_definitions(integration-promises PRIVATE
    NAMINGCTL_PROGRAM="$<TARGET_FILE:namingctl>"
    NAMING_NODE_PROGRAM="$<TARGET_FILE:naming-node>")
  add_dependencies(integration-promises namingctl naming-node)
endif()

naming_tests(integration-scale integration
  scale_test.cc
  ../support/raw_client.cc)
