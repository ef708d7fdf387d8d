# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-balancer unit
  balancer/avoid_test.cc
  balancer/distribution_test.cc
  balancer/each_test.cc
  balancer/lanes_test.cc
  balancer/load_test.cc
  balancer/p2c_test.cc
  balancer/threads_test.cc)
