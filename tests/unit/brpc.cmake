# SPDX-License-Identifier: Apache-2.0
# The header for brpc, against stand-ins for brpc's own headers: of a brpc whose
# ServerNode has metadata, and of one whose has none.

foreach(name brpc brpc_meta_map)
  naming_tests(unit-${name} unit
    brpc/naming_service_test.cc)
  target_include_directories(unit-${name} PRIVATE
    "${CMAKE_CURRENT_SOURCE_DIR}/brpc/stand_in")
endforeach()
target_compile_definitions(unit-brpc_meta_map PRIVATE NAMING_TEST_META_MAP)
