# SPDX-License-Identifier: Apache-2.0
# How our own targets are compiled. Users' targets get nothing of this.

add_library(naming_compile INTERFACE)
target_compile_features(naming_compile INTERFACE cxx_std_17)
target_compile_options(naming_compile INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # What it warns of is an error in a header; in a unity build each source is
  # included.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wno-subobject-linkage>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(naming_compile INTERFACE -Wno-unknown-warning-option)
endif()
# g++ 12 warns of its own standard headers once they are instrumented.
if(NAMING_WERROR AND NOT NAMING_SANITIZE)
  target_compile_options(naming_compile INTERFACE -Werror)
endif()
if(NAMING_SANITIZE)
  target_compile_options(naming_compile INTERFACE
    -fsanitize=${NAMING_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer
    # As gcc's documentation advises for sanitizers, and half the time to
    # compile of -O2 -g; line numbers are what a report needs.
    -O1 -g1
    # What undefined behaviour is looked for in is ours; in Catch2's assertions
    # it takes three times as long to compile. To optimize those takes longer
    # than it saves.
    "$<$<BOOL:$<TARGET_PROPERTY:NAMING_IS_TEST>>:-fno-sanitize=undefined;-O0>")
  target_link_options(naming_compile INTERFACE -fsanitize=${NAMING_SANITIZE})
endif()
