# SPDX-License-Identifier: Apache-2.0
# Targets `format` and `format-check`. This file is also the script that they
# run, so that sources are looked for anew each time.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  foreach(target IN ITEMS format format-check)
    add_custom_target(${target}
      COMMAND "${CMAKE_COMMAND}" -D "mode=${target}"
        -P "${CMAKE_CURRENT_LIST_FILE}"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
      VERBATIM)
  endforeach()
  return()
endif()

cmake_minimum_required(VERSION 3.25)

# Each release of clang-format has a taste of its own.
find_program(clang_format NAMES clang-format-14 clang-format REQUIRED)
execute_process(COMMAND "${clang_format}" --version
  OUTPUT_VARIABLE version COMMAND_ERROR_IS_FATAL ANY)
if(NOT version MATCHES "version 14\\.")
  message(FATAL_ERROR "clang-format 14 is needed; ${clang_format}: ${version}")
endif()

file(GLOB_RECURSE sources
  include/*.h src/*.h src/*.cc tests/*.h tests/*.cc examples/*.cc)
if(mode STREQUAL "format")
  set(arguments -i)
else()
  set(arguments --dry-run -Werror)
endif()
execute_process(COMMAND "${clang_format}" ${arguments} ${sources}
  COMMAND_ERROR_IS_FATAL ANY)
