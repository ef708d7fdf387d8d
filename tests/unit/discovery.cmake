# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-discovery unit
  discovery/form_finder_test.cc
  discovery/hung_node_test.cc
  discovery/lease_test.cc
  discovery/node_finder_test.cc
  discovery/options_test.cc
  discovery/poll_group_test.cc
  discovery/poll_text_test.cc
  discovery/poller_refresh_test.cc
  discovery/poller_test.cc
  discovery/protocol_test.cc
  discovery/registration_test.cc
  discovery/removal_test.cc
  discovery/request_fault_test.cc
  discovery/requester_test.cc
  discovery/start_up_test.cc)
