# SPDX-License-Identifier: Apache-2.0

if(NAMING_BUILD_CLI)
  naming_tests(unit-cli unit
    cli/backend_test.cc
    cli/output_test.cc
    cli/parse_test.cc
    cli/report_test.cc
    cli/stop_signals_test.cc
    $<TARGET_OBJECTS:naming_cli_sources>)
endif()
