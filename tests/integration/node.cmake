# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-node integration
  node/discovery_node_test.cc
  node/http.cc
  node/http_server_test.cc)
naming_tests(integration-node-load integration
  node/faults_test.cc
  node/load_test.cc
  node/malformed_test.cc
  ../support/raw_client.cc)

# With a node of its own, whose limit of open files is lowered.
if(NAMING_BUILD_CLI)
  naming_tests(integration-node-flood integration
    node/flood_test.cc
    ../support/process.cc
    ../support/raw_client.cc)
  target_compile_definitions(integration-node-flood PRIVATE
    NAMING_NODE_PROGRAM="$<TARGET_FILE:naming-node>")
  add_dependencies(integration-node-flood naming-node)
endif()
