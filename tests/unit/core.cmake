# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-core unit
  core/callback_test.cc
  core/current_test.cc
  core/dispatcher_test.cc
  core/keeper_cancel_test.cc
  core/keeper_close_test.cc
  core/keeper_fixture.cc
  core/keeper_monitor_test.cc
  core/keeper_refresh_test.cc
  core/keeper_test.cc
  core/keeper_thread_test.cc
  core/keeper_update_test.cc
  core/logger_test.cc
  core/monitor_test.cc
  core/nodes_test.cc
  core/shrink_guard_test.cc
  core/snapshot_file_test.cc
  core/snapshot_saver_test.cc
  core/topic_test.cc
  core/topics_test.cc
  core/zones_test.cc)
