# SPDX-License-Identifier: Apache-2.0
# Checks that each code block of README.md says, in a comment above it, which
# test runs it, and runs those that only have to be looked up:
#   example FILE  stands in examples/FILE, indentation apart
#   ci            each line is one that CI runs
# The others are read by the tests of their name.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(run_elsewhere find_package subproject pkg-config namingctl)

function(squeeze text out)
  string(REGEX REPLACE "\n +" "\n" text "\n${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

function(check_example file)
  readme_block("example ${file}" block)
  file(READ "${source_dir}/examples/${file}" example)
  squeeze("${block}" block)
  squeeze("${example}" example)
  string(FIND "${example}" "${block}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "examples/${file} does not hold:${block}")
  endif()
endfunction()

function(check_ci marker)
  readme_block("${marker}" block)
  file(STRINGS "${source_dir}/.ci/run" ci)
  string(STRIP "${block}" block)
  string(REPLACE "\n" ";" lines "${block}")
  foreach(line IN LISTS lines)
    if(NOT line IN_LIST ci)
      message(FATAL_ERROR ".ci/run does not run: ${line}")
    endif()
  endforeach()
endfunction()

file(READ "${source_dir}/README.md" readme)
string(REGEX MATCHALL "\n```[a-z]+\n" blocks "${readme}")
string(REGEX MATCHALL "\n<!-- test: [^\n]+ -->\n```[a-z]+\n" markers "${readme}")
list(LENGTH blocks block_count)
list(LENGTH markers marker_count)
if(block_count EQUAL 0 OR NOT block_count EQUAL marker_count)
  message(FATAL_ERROR
    "${block_count} code blocks, of which ${marker_count} are marked")
endif()

foreach(marker IN LISTS markers)
  string(REGEX REPLACE "\n<!-- test: ([^\n]+) -->.*" "\\1" marker "${marker}")
  if(marker MATCHES "^example (.+)")
    check_example("${CMAKE_MATCH_1}")
  elseif(marker MATCHES "^ci ")
    check_ci("${marker}")
  elseif(NOT marker IN_LIST run_elsewhere)
    message(FATAL_ERROR "no test is called \"${marker}\"")
  endif()
endforeach()

string(REGEX MATCHALL "\n" lines "${readme}")
list(LENGTH lines line_count)
if(line_count GREATER 200)
  message(FATAL_ERROR "README.md has ${line_count} lines; 200 are enough")
endif()
