# SPDX-License-Identifier: Apache-2.0
# Builds a program with naming as a subproject, in both linkages, each at a
# standard of its own; the examples in the linkage `other`, with a tree to
# install that from.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(dir "${work_dir}/subproject")
file(MAKE_DIRECTORY "${dir}/third_party")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/subproject/CMakeLists.txt"
  DESTINATION "${dir}")
file(CREATE_LINK "${source_dir}" "${dir}/third_party/naming" SYMBOLIC)
readme_block(subproject snippet)
file(WRITE "${dir}/readme.cmake" "${snippet}")
file(REMOVE "${dir}/build/CMakeCache.txt")

function(build linkage standard)
  if(linkage STREQUAL "shared")
    set(is_shared ON)
  else()
    set(is_shared OFF)
  endif()
  list(JOIN strict_flags " " flags)
  run("${CMAKE_COMMAND}" -G Ninja -S "${dir}" -B "${dir}/build"
    -DCMAKE_BUILD_TYPE=Debug
    "-DCMAKE_CXX_COMPILER=${compiler}"
    "-DCMAKE_CXX_COMPILER_LAUNCHER=${launcher}"
    "-DBUILD_SHARED_LIBS=${is_shared}"
    "-DCONSUMER_STANDARD=${standard}"
    "-DCONSUMER_FLAGS=${flags}"
    -DCMAKE_UNITY_BUILD=ON
    "-DEXAMPLES=${source_dir}/examples"
    "-DCONSUMER=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/consumer"
    "-DREADME_SNIPPET=${dir}/readme.cmake"
    "-DNAMING_BUILD_GRPC=${has_grpc}"
    ${ARGN})
  run("${CMAKE_COMMAND}" --build "${dir}/build" --target my_service my_tests)
  run("${dir}/build/my_tests")
endfunction()

# One tree: the library is compiled once.
build(${own} 17)
build(${other} 20 -DPACKAGE=ON -DNAMING_INSTALL=ON -DNAMING_BUILD_CLI=ON)
run("${CMAKE_COMMAND}" --build "${dir}/build")
check_examples("${dir}/build/examples"
  register resolve watch balance custom_backend http_client)
