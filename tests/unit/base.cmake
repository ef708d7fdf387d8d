# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-base unit
  base/backoff_test.cc
  base/check_test.cc
  base/file_test.cc
  base/light_test.cc
  base/own_host_test.cc
  base/reclaim_test.cc
  base/text_test.cc
  base/tick_clock_test.cc
  base/timers_test.cc
  base/url_test.cc
  base/wakeup_timer_test.cc
  base/worker_test.cc)

# The same, where the kernel refuses membarrier.
naming_tests(unit-base-fenced unit
  base/light_test.cc
  base/reclaim_test.cc
  base/refuse_membarrier.cc)
