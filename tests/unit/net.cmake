# SPDX-License-Identifier: Apache-2.0

naming_tests(unit-net unit
  net/cautious_http_client_test.cc
  net/connection_numbers_test.cc
  net/curl_abort_test.cc
  net/curl_failure_test.cc
  net/curl_http_client_test.cc
  net/curl_stream_test.cc
  net/json_reader_test.cc
  net/json_scan_test.cc
  net/json_splitter_test.cc
  net/json_test.cc)
