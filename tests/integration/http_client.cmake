# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-http integration
  http_client_test.cc
  ../support/raw_provider.cc)
