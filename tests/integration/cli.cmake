# SPDX-License-Identifier: Apache-2.0
# The real programs, as a shell would run them.

naming_tests(integration-cli integration
  cli_test.cc
  "${PROJECT_SOURCE_DIR}/tests/support/process.cc")
target_compile_definitions(integration-cli PRIVATE
  NAMINGCTL_PROGRAM="$<TARGET_FILE:namingctl>"
  NAMING_NODE_PROGRAM="$<TARGET_FILE:naming-node>")
add_dependencies(integration-cli namingctl naming-node)

# Adds the test `name` that runs `script` with the arguments that follow and the
# directory of the programs.
function(script_test name script)
  add_test(NAME "${name}"
    COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/${script}" ${ARGN}
      "$<TARGET_FILE_DIR:namingctl>")
  set_tests_properties("${name}" PROPERTIES
    LABELS integration
    ENVIRONMENT "${naming_test_environment}")
endfunction()

script_test("the README's commands" readme.sh "${PROJECT_SOURCE_DIR}/README.md")
if(NAMING_BUILD_EXAMPLES)
  script_test("the examples" examples.sh)
endif()
