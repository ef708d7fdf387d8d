# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-node-peers integration
  node_peers_test.cc
  node_state_test.cc
  node/http.cc)
