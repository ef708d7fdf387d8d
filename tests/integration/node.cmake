# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-node integration
  node/discovery_node_test.cc
  node/http.cc
  node/http_server_test.cc)
