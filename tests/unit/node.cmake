# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-node unit
  node/arguments_test.cc
  node/event_loop_test.cc
  node/form_test.cc
  node/go_json_test.cc
  node/handlers_test.cc
  node/leases_test.cc
  node/lease_sweeper_test.cc
  node/multipart_test.cc
  node/pollers_test.cc
  node/polls_test.cc
  node/quirks_test.cc
  node/quirky_node_test.cc
  node/quirky_polls_test.cc
  node/scheduler_files_test.cc
  node/shared_pollers_test.cc
  node/store_test.cc)
