# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-balanced unit
  balanced/alarm_test.cc
  balanced/balanced_test.cc
  balanced/ejection_test.cc
  balanced/ejector_test.cc
  balanced/front_test.cc
  balanced/offers_test.cc
  balanced/shares_test.cc)
