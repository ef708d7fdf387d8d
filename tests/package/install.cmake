# SPDX-License-Identifier: Apache-2.0
# Installs `build_dir` to a fresh prefix and looks at what came.
cmake_minimum_required(VERSION 3.25)

set(prefix "${work_dir}/prefix-${linkage}")
file(REMOVE_RECURSE "${prefix}")
execute_process(
  COMMAND "${CMAKE_COMMAND}" --install "${build_dir}" --prefix "${prefix}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

# Every public header, and nothing that is private.
file(GLOB_RECURSE expected RELATIVE "${source_dir}/include"
  "${source_dir}/include/*")
file(GLOB_RECURSE installed RELATIVE "${prefix}/include" "${prefix}/include/*")
if(NOT has_grpc)
  list(FILTER expected EXCLUDE REGEX "^naming/(grpc|xds)/")
endif()
if(NOT installed STREQUAL expected)
  message(FATAL_ERROR "installed headers: ${installed}; public: ${expected}")
endif()

# The programs find their libraries by themselves.
set(programs namingctl naming-node)
if(has_grpc)
  list(APPEND programs naming-xds)
endif()
foreach(program IN LISTS programs)
  execute_process(COMMAND "${prefix}/bin/${program}" --help
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endforeach()

file(STRINGS "${source_dir}/include/naming/version.h" version
  REGEX "define NAMING_VERSION_(MAJOR|MINOR)")
list(TRANSFORM version REPLACE ".* " "")
list(JOIN version "." version)
if(linkage STREQUAL "shared")
  set(libraries libnaming.so.${version} libnaming_node.so.${version}
    libnaming_testing.so.${version})
else()
  set(libraries libnaming.a libnaming_node.a libnaming_testing.a)
endif()
if(has_grpc)
  set(all_libraries ${libraries})
  foreach(component grpc xds)
    list(TRANSFORM libraries REPLACE "(libnaming)_node" "\\1_${component}"
      OUTPUT_VARIABLE component_libraries)
    list(APPEND all_libraries ${component_libraries})
  endforeach()
  set(libraries ${all_libraries})
endif()
foreach(library IN LISTS libraries)
  if(NOT EXISTS "${prefix}/${libdir}/${library}")
    message(FATAL_ERROR "${library} is missing")
  endif()
endforeach()
