# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-node-peers unit
  node/own_address_test.cc
  node/peer_http_client_test.cc
  node/peer_list_test.cc
  node/peer_protocol_test.cc
  node/replicator_test.cc
  node/state_file_test.cc
  node/tombstones_test.cc)
