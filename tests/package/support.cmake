# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share.

# A consumer that is strict with itself sees no warning from our headers.
set(strict_flags -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wold-style-cast -Wnon-virtual-dtor -Werror)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Configures `source` in `build` with the cache entries that follow, and builds
# it.
function(build_project source build)
  set(definitions "${ARGN}")
  list(TRANSFORM definitions PREPEND -D)
  list(JOIN strict_flags " " flags)
  run("${CMAKE_COMMAND}" -G Ninja -S "${source}" -B "${build}"
    "-DCMAKE_CXX_COMPILER=${compiler}"
    "-DCMAKE_CXX_COMPILER_LAUNCHER=${launcher}"
    "-DCMAKE_CXX_FLAGS=${flags}"
    # Otherwise the warnings of an imported target's headers are hidden.
    -DCMAKE_NO_SYSTEM_FROM_IMPORTED=ON
    ${definitions})
  run("${CMAKE_COMMAND}" --build "${build}")
endfunction()

# Checks that the examples in `dir` that follow start: the one that needs no
# node works, and the others say that their node can't be reached.
function(check_examples dir)
  foreach(name IN LISTS ARGN)
    execute_process(COMMAND "${dir}/example-${name}" --nodes=
      RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE error)
    if(name STREQUAL "custom_backend")
      if(NOT output STREQUAL "grpc://127.0.0.1:9000\n")
        message(FATAL_ERROR "example-${name}: ${result}: ${output}${error}")
      endif()
    elseif(NOT result EQUAL 1 OR NOT error MATCHES "options.nodes")
      message(FATAL_ERROR "example-${name}: ${result}: ${error}")
    endif()
  endforeach()
endfunction()

# Sets `out` to the code after the line "<!-- test: `marker` -->" of README.md.
function(readme_block marker out)
  file(READ "${source_dir}/README.md" readme)
  string(FIND "${readme}" "\n<!-- test: ${marker} -->\n```" begin)
  if(begin EQUAL -1)
    message(FATAL_ERROR "README.md: no code block is marked \"${marker}\"")
  endif()
  string(SUBSTRING "${readme}" ${begin} -1 block)
  string(REGEX REPLACE "^\n[^\n]*\n```[^\n]*\n" "" block "${block}")
  string(FIND "${block}" "\n```" end)
  math(EXPR end "${end} + 1")
  string(SUBSTRING "${block}" 0 ${end} block)
  set(${out} "${block}" PARENT_SCOPE)
endfunction()
