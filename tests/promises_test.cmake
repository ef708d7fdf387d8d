# SPDX-License-Identifier: Apache-2.0
# Shows promises.cmake a copy of docs/promises.md (`file`) with a test that there
# isn't, and one without a row.
cmake_minimum_required(VERSION 3.25)

file(READ "${file}" text)

# Expects promises.cmake to say `problem` of the file with `old` replaced.
function(expect old new problem)
  string(REPLACE "${old}" "${new}" broken "${text}")
  file(WRITE "${work_dir}/promises.md" "${broken}")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -D "file=${work_dir}/promises.md"
      -D "build_dir=${build_dir}"
      -P "${CMAKE_CURRENT_LIST_DIR}/promises.cmake"
    ERROR_VARIABLE error)
  string(FIND "${error}" "${problem}" found)
  if(found EQUAL -1)
    message(SEND_ERROR "expected \"${problem}\", got: ${error}")
  endif()
endfunction()

expect("An equal version is applied`" "An equal version is`"
  "C-02: there is no test \"unit-discovery:An equal version is\"")
expect("| C-30 |" "| C-3O |" "C-30 has no row")
