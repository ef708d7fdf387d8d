# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-discovery integration
  discovery_test.cc
  kratos2_test.cc
  snapshot_dir_test.cc
  ../support/raw_provider.cc)

naming_tests(contract-discovery integration
  discovery_contract.cc
  ../support/backend_contract.cc
  ../support/raw_provider.cc)

# What docs/promises.md names, as far as it takes real sockets.
naming_tests(integration-promises integration
  promises/faults_test.cc
  promises/lists_test.cc
  ../support/fault_proxy.cc
  ../support/raw_client.cc
  ../support/raw_provider.cc)
if(NAMING_BUILD_CLI)
  target_sources(integration-promises PRIVATE
    promises/cancel_test.cc
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

# Once more, with nodes that have every fault of a version of the real server;
# the contract also with a cluster of one node of each.
function(quirks_test program variable nodes)
  add_test(NAME "${program} with nodes of ${nodes}"
    COMMAND ${program} ${ARGN})
  set_tests_properties("${program} with nodes of ${nodes}" PROPERTIES
    LABELS integration
    ENVIRONMENT "${naming_test_environment};${variable}=${nodes}")
endfunction()

# An application that is gone and comes anew has its first version again with
# v1.1.1, and no poll tells: the refresh does, later than the contract waits.
foreach(nodes IN ITEMS v1.1.1 "v1.1.1 v1.1.2 v1.2.0")
  quirks_test(contract-discovery NAMING_TEST_NODES "${nodes}"
    "~Contract: an ended Watcher or Registration calls nobody")
endforeach()
foreach(nodes IN ITEMS v1.1.2 v1.2.0)
  quirks_test(contract-discovery NAMING_TEST_NODES "${nodes}")
endforeach()
foreach(version IN ITEMS v1.1.1 v1.1.2 v1.2.0)
  quirks_test(integration-promises NAMING_TEST_QUIRKS ${version}
    "[promises]~[own-nodes]")
endforeach()
