# SPDX-License-Identifier: Apache-2.0
# Whether the component grpc is built: sets NAMING_HAS_GRPC.

set(NAMING_BUILD_GRPC "AUTO" CACHE STRING
  "Build the component grpc (needs gRPC): ON, OFF, or AUTO: when it is found")
set_property(CACHE NAMING_BUILD_GRPC PROPERTY STRINGS AUTO ON OFF)

set(NAMING_HAS_GRPC OFF)
if(NAMING_BUILD_GRPC STREQUAL "AUTO")
  find_package(Protobuf QUIET)
  # Debian's gRPC ends the configuration when its plugins, which are in another
  # package, are missing.
  find_program(NAMING_GRPC_CPP_PLUGIN grpc_cpp_plugin)
  mark_as_advanced(NAMING_GRPC_CPP_PLUGIN)
  if(Protobuf_FOUND AND Protobuf_PROTOC_EXECUTABLE AND NAMING_GRPC_CPP_PLUGIN)
    find_package(gRPC CONFIG QUIET)
  endif()
elseif(NAMING_BUILD_GRPC)
  find_package(Protobuf REQUIRED)
  find_package(gRPC CONFIG REQUIRED)
endif()

if(NOT NAMING_BUILD_GRPC)
  message(STATUS "Component grpc: off, as NAMING_BUILD_GRPC says")
elseif(TARGET gRPC::grpc++)
  set(NAMING_HAS_GRPC ON)
  message(STATUS "Component grpc: on, with gRPC ${gRPC_VERSION}")
else()
  message(STATUS "Component grpc: off, no gRPC was found with protoc and its "
    "plugin")
endif()

option(NAMING_GRPC_FACADE "Let stubs use a GrpcChannel as their channel; \
needs private parts of gRPC that no version has changed so far" ON)
