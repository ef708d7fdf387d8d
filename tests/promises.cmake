# SPDX-License-Identifier: Apache-2.0
# Fails unless docs/promises.md (`file`) has a row for every id, and every test
# that it names is one of ctest's in `build_dir`.
cmake_minimum_required(VERSION 3.25)

# What is for the balancers and schedulers to see has no row here.
set(elsewhere 14 40)

set(ids)
foreach(range IN ITEMS "1;21" "30;50")
  list(GET range 0 first)
  list(GET range 1 last)
  foreach(number RANGE ${first} ${last})
    if(NOT number IN_LIST elsewhere)
      string(LENGTH "${number}" digits)
      if(digits EQUAL 1)
        set(number "0${number}")
      endif()
      list(APPEND ids "C-${number}")
    endif()
  endforeach()
endforeach()
foreach(number RANGE 1 14)
  list(APPEND ids "E-${number}")
endforeach()

execute_process(
  COMMAND "${CMAKE_CTEST_COMMAND}" --test-dir "${build_dir}" -N
  OUTPUT_VARIABLE listed
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "ctest can't list the tests of ${build_dir}")
endif()

file(READ "${file}" text)
# Catch2 2 takes the space after a program's name for its own.
foreach(variable IN ITEMS listed text)
  string(REGEX REPLACE "([a-z]+-[a-z-]+): " "\\1:" ${variable}
    "${${variable}}")
endforeach()
set(problems "")
foreach(id IN LISTS ids)
  # Up to the row's end; its tests are what is between backquotes.
  string(FIND "${text}" "\n| ${id} |" start)
  if(start EQUAL -1)
    string(APPEND problems "\n  ${id} has no row")
    continue()
  endif()
  math(EXPR start "${start} + 1")
  string(SUBSTRING "${text}" ${start} -1 row)
  string(FIND "${row}" "\n" end)
  string(SUBSTRING "${row}" 0 ${end} row)
  string(FIND "${row}" "`" open)
  if(open EQUAL -1)
    string(APPEND problems "\n  ${id} names no test")
  endif()
  while(NOT open EQUAL -1)
    math(EXPR open "${open} + 1")
    string(SUBSTRING "${row}" ${open} -1 row)
    string(FIND "${row}" "`" close)
    string(SUBSTRING "${row}" 0 ${close} name)
    string(FIND "${listed}\n" ": ${name}\n" found)
    if(found EQUAL -1)
      string(APPEND problems "\n  ${id}: there is no test \"${name}\"")
    endif()
    math(EXPR close "${close} + 1")
    string(SUBSTRING "${row}" ${close} -1 row)
    string(FIND "${row}" "`" open)
  endwhile()
endforeach()
if(NOT problems STREQUAL "")
  message(FATAL_ERROR "${file}:${problems}")
endif()
