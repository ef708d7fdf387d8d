# SPDX-License-Identifier: Apache-2.0
# Usage: cmake -D root=<source tree> -P layering.cmake
# Checks that every file has a layer, that includes only go to the same or a
# lower one, that every test is built, and what else holds for each file by its
# place.

cmake_minimum_required(VERSION 3.25)

set(layer_0 export version base)
set(layer_1 instance schedule snapshot target endpoint watcher log
  shrink_policy client_event client_state client_stats
  ejection)
set(layer_2 registry resolver builder balancer)
set(layer_3 filter scheduler subset balancer/)
set(layer_4 net core balanced service_life)
set(backends discovery etcd zookeeper consul nacos kubernetes direct)
set(layer_5 ${backends})
set(layer_6 http grpc brpc testing node xds)
set(layer_7 node/main xds/main cli)

set(problems "")

function(problem file text)
  list(APPEND problems "${file}: ${text}")
  set(problems "${problems}" PARENT_SCOPE)
endfunction()

# Sets `out` to the layer of `path`, which lies below include/naming or src;
# to "" when it has none.
function(layer_of path out)
  cmake_path(REMOVE_EXTENSION path OUTPUT_VARIABLE stem)
  string(REGEX MATCH "^[^/]+/" folder "${stem}")
  string(REGEX REPLACE "/$" "" folder_name "${folder}")
  set(${out} "" PARENT_SCOPE)
  # The longest name wins: balancer/ has another layer than balancer.
  foreach(name IN ITEMS "${stem}" "${folder}" "${folder_name}")
    foreach(layer RANGE 7)
      if(NOT name STREQUAL "" AND name IN_LIST layer_${layer})
        set(${out} ${layer} PARENT_SCOPE)
        return()
      endif()
    endforeach()
  endforeach()
endfunction()

function(check_guard file lines)
  string(REGEX REPLACE "^(include/naming|src)/" "" name "${file}")
  string(TOUPPER "NAMING_${name}_" guard)
  string(REGEX REPLACE "[^A-Z0-9]" "_" guard "${guard}")
  if(NOT lines MATCHES "#ifndef ${guard}\n#define ${guard}\n")
    problem("${file}" "the include guard must be ${guard}")
  endif()
  set(problems "${problems}" PARENT_SCOPE)
endfunction()

function(check_include file layer header)
  if(EXISTS "${root}/include/${header}")
    string(REGEX REPLACE "^naming/" "" target "${header}")
  elseif(EXISTS "${root}/src/${header}")
    set(target "${header}")
    if(file MATCHES "^include/")
      problem("${file}" "a public header includes the private ${header}")
    endif()
  elseif(header MATCHES "^absl/(synchronization/|strings/str_cat.h)")
    problem("${file}" "${header} isn't used here")
  elseif(header MATCHES "^(curl|rapidjson)/" AND NOT file MATCHES "^src/net/")
    problem("${file}" "${header} is for src/net alone")
  elseif(header MATCHES "^(naming|base|net|core|node|cli|testing)/")
    problem("${file}" "there is no ${header}")
  endif()
  if(DEFINED target)
    layer_of("${target}" target_layer)
    if(target_layer GREATER layer)
      problem("${file}"
        "layer ${layer} includes ${header} of layer ${target_layer}")
    endif()
    string(REGEX REPLACE "^(include/naming|src)/([^/]+)/.*" "\\2"
      own_folder "${file}")
    string(REGEX REPLACE "/.*" "" target_folder "${target}")
    if(target_layer EQUAL 5 AND layer EQUAL 5
        AND NOT own_folder STREQUAL target_folder)
      problem("${file}" "one backend includes another: ${header}")
    endif()
  endif()
  set(problems "${problems}" PARENT_SCOPE)
endfunction()

function(check_file file)
  file(READ "${root}/${file}" text)
  if(NOT text MATCHES "^// SPDX-License-Identifier: Apache-2.0\n")
    problem("${file}" "the first line must be the SPDX line")
  endif()
  if(file MATCHES "\\.h$")
    check_guard("${file}" "${text}")
  endif()
  string(REGEX REPLACE "//[^\n]*" "" code "${text}")
  # What brpc runs waits as brpc's do: on a bthread::Mutex.
  if(file MATCHES "^include/" AND NOT file MATCHES "^include/naming/brpc/")
    string(TOLOWER "${code}" lower)
    if(lower MATCHES "curl|rapidjson|mutex|thread")
      problem("${file}" "a public header must not mention ${CMAKE_MATCH_0}")
    endif()
  endif()
  if(file MATCHES "^(include/naming|src)/(.*)")
    layer_of("${CMAKE_MATCH_2}" layer)
    if(layer STREQUAL "")
      problem("${file}" "it has no layer")
    else()
      string(REGEX MATCHALL "#include [\"<][^\">]+" includes "${code}")
      list(TRANSFORM includes REPLACE "^#include [\"<]" "")
      foreach(header IN LISTS includes)
        check_include("${file}" "${layer}" "${header}")
      endforeach()
    endif()
  endif()
  set(problems "${problems}" PARENT_SCOPE)
endfunction()

# Whatever builds tests lists their sources.
file(GLOB_RECURSE build_files "${root}/tests/*.cmake"
  "${root}/tests/CMakeLists.txt")
set(build_text "")
foreach(file IN LISTS build_files)
  file(READ "${file}" text)
  string(APPEND build_text " ${text} ")
endforeach()

file(GLOB_RECURSE files RELATIVE "${root}"
  "${root}/include/*" "${root}/src/*.h" "${root}/src/*.cc"
  "${root}/tests/*.h" "${root}/tests/*.cc" "${root}/examples/*.cc")
foreach(file IN LISTS files)
  check_file("${file}")
  cmake_path(GET file FILENAME name)
  if(file MATCHES "^tests/.*_test\\.cc$"
      AND NOT build_text MATCHES "[ \n/]${name}[ \n)]")
    problem("${file}" "no program of tests has it")
  endif()
endforeach()

list(LENGTH files count)
if(count EQUAL 0)
  message(FATAL_ERROR "no files in ${root}")
elseif(NOT problems STREQUAL "")
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "\n  ${text}")
endif()
