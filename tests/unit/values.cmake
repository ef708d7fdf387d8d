# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-values unit
  values/builder_test.cc
  values/client_state_test.cc
  values/endpoint_test.cc
  values/filter_test.cc
  values/instance_test.cc
  values/log_test.cc
  values/registry_test.cc
  values/schedule_test.cc
  values/scheduler_test.cc
  values/service_life_test.cc
  values/snapshot_test.cc
  values/subset_test.cc
  values/target_test.cc
  values/watcher_test.cc)
