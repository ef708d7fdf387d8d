# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-node-peers integration
  node_peer_quirks_test.cc
  node_peers_test.cc
  node_state_test.cc
  node/cluster.cc
  node/http.cc)

if(NAMING_BUILD_CLI)
  naming_tests(integration-node-cluster integration
    node_cluster_test.cc
    node/cluster.cc
    node/http.cc
    ../support/node_processes.cc
    ../support/process.cc)
  target_compile_definitions(integration-node-cluster PRIVATE
    NAMING_NODE_PROGRAM="$<TARGET_FILE:naming-node>")
  add_dependencies(integration-node-cluster naming-node)
endif()
