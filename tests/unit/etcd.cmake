# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-etcd unit
  etcd/follower_test.cc
  etcd/heartbeat_test.cc
  etcd/keys_test.cc
  etcd/layout_test.cc
  etcd/lease_test.cc
  etcd/place_test.cc
  etcd/protocol_test.cc
  etcd/requester_test.cc)
