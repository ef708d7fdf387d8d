# SPDX-License-Identifier: Apache-2.0
# Checks that the source `misuse` compiles as it stands, and with MISUSE defined
# does not, for the reason that its line "// error: <regular expression>" gives.
cmake_minimum_required(VERSION 3.25)

set(source "${CMAKE_CURRENT_LIST_DIR}/misuse/${misuse}")
set(compile "${compiler}" -std=c++17 -fsyntax-only -Werror=unused-result
  -I "${source_dir}/include" "${source}")
execute_process(COMMAND ${compile} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${compile} -D MISUSE
  RESULT_VARIABLE result ERROR_VARIABLE errors)
if(result EQUAL 0)
  message(FATAL_ERROR "the misuse compiles")
endif()
file(STRINGS "${source}" reason REGEX "^// error: ")
string(REGEX REPLACE "^// error: " "" reason "${reason}")
if(reason STREQUAL "" OR NOT errors MATCHES "error: [^\n]*(${reason})")
  message(FATAL_ERROR "expected \"${reason}\", got:\n${errors}")
endif()
