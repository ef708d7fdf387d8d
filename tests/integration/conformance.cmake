# SPDX-License-Identifier: Apache-2.0

naming_tests(integration-conformance integration
  conformance_test.cc
  conformance/comparison.cc
  conformance/replay.cc
  conformance/transcript.cc
  node/http.cc)
target_compile_definitions(integration-conformance PRIVATE
  NAMING_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")

naming_tests(integration-quirks integration
  quirks_test.cc
  scheduler_test.cc
  node/http.cc
  "${PROJECT_SOURCE_DIR}/tests/support/process.cc")
if(NAMING_BUILD_CLI)
  target_compile_definitions(integration-quirks PRIVATE
    NAMING_NODE_PROGRAM="$<TARGET_FILE:naming-node>")
  add_dependencies(integration-quirks naming-node)
endif()
