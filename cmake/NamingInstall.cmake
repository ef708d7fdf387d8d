# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` copies: the package `naming`, one export set a
# component, so that a component that was not built is one that isn't found.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/naming")

# Programs and libraries of one prefix find each other wherever it is moved to.
file(RELATIVE_PATH bin_to_lib
  "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")

function(naming_install_component component target)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(TARGETS ${target}
    EXPORT ${component}-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT ${component}-targets
    NAMESPACE naming::
    DESTINATION "${package_dir}")
endfunction()

naming_install_component(naming naming)
naming_install_component(naming-testing naming_testing)
if(NAMING_BUILD_NODE)
  naming_install_component(naming-node naming_node)
endif()
if(NAMING_HAS_GRPC)
  naming_install_component(naming-grpc naming_grpc)
  naming_install_component(naming-xds naming_xds)
endif()

# Not in the target's header set, each of which is compiled alone: this one
# needs brpc, which only those who include it have.
install(FILES "${PROJECT_SOURCE_DIR}/include/naming/brpc/naming_service.h"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/naming/brpc")

foreach(program naming-node naming-xds namingctl)
  if(TARGET ${program})
    set_target_properties(${program} PROPERTIES
      INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endforeach()

# A static library brings what it is linked with to whoever links it.
if(BUILD_SHARED_LIBS)
  set(static_build OFF)
  set(pc_requires "absl_status absl_statusor")
  set(pc_libs "")
else()
  set(static_build ON)
  # Requires, not Requires.private, which is read with --static alone: Debian
  # has no static libraries of what libcurl itself needs.
  set(pc_requires "absl_status absl_statusor absl_str_format libcurl")
  set(pc_libs "${CMAKE_THREAD_LIBS_INIT}")
endif()

configure_package_config_file(
  cmake/naming-config.cmake.in "${PROJECT_BINARY_DIR}/naming-config.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break; from then on only a major one may.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(compatibility SameMinorVersion)
else()
  set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/naming-config-version.cmake"
  COMPATIBILITY ${compatibility})
install(FILES
  "${PROJECT_BINARY_DIR}/naming-config.cmake"
  "${PROJECT_BINARY_DIR}/naming-config-version.cmake"
  DESTINATION "${package_dir}")

# ${pcfiledir} keeps naming.pc right in a prefix that was moved.
set(pc_dir "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH pc_to_prefix "${pc_dir}" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
set(pc_libdir "\${prefix}")
cmake_path(APPEND pc_libdir "${CMAKE_INSTALL_LIBDIR}")
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
configure_file(cmake/naming.pc.in "${PROJECT_BINARY_DIR}/naming.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/naming.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
