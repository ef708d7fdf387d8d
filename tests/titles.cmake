# SPDX-License-Identifier: Apache-2.0
# Checks that every "title" in the tables of `document` is that of a test.
cmake_minimum_required(VERSION 3.25)

set(titles "")
file(GLOB_RECURSE sources "${root}/tests/unit/*_test.cc"
  "${root}/tests/integration/*_test.cc")
foreach(source IN LISTS sources)
  file(READ "${source}" text)
  # A title that is too long for a line is in pieces.
  string(REGEX REPLACE "\"[ \n]+\"" "" text "${text}")
  string(APPEND titles "${text}")
endforeach()

file(STRINGS "${document}" rows REGEX "^\\| [0-9]+ \\|")
list(LENGTH rows count)
if(NOT count EQUAL 30)
  message(FATAL_ERROR "${document}: ${count} rows")
endif()
foreach(row IN LISTS rows)
  string(REGEX MATCHALL "\"[^\"]+\"" quoted "${row}")
  if(quoted STREQUAL "")
    message(FATAL_ERROR "no test: ${row}")
  endif()
  foreach(title IN LISTS quoted)
    string(FIND "${titles}" "${title}," known)
    if(known EQUAL -1)
      message(FATAL_ERROR "no such test: ${title}")
    endif()
  endforeach()
endforeach()
