# SPDX-License-Identifier: Apache-2.0

# Adds the library `target` of what protoc makes of `proto`, a file in the
# current folder, included as "<name>.pb.h" and "<name>.grpc.pb.h".
function(naming_proto_library target proto)
  cmake_path(GET proto STEM name)
  set(source_dir "${CMAKE_CURRENT_SOURCE_DIR}")
  set(out "${CMAKE_CURRENT_BINARY_DIR}/proto")
  file(MAKE_DIRECTORY "${out}")
  set(sources "${out}/${name}.pb.cc" "${out}/${name}.grpc.pb.cc")
  add_custom_command(
    OUTPUT ${sources} "${out}/${name}.pb.h" "${out}/${name}.grpc.pb.h"
    COMMAND protobuf::protoc
      "--proto_path=${source_dir}" "--cpp_out=${out}" "--grpc_out=${out}"
      "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>"
      "${source_dir}/${proto}"
    DEPENDS "${source_dir}/${proto}"
    VERBATIM)
  add_library(${target} STATIC ${sources})
  target_compile_features(${target} PUBLIC cxx_std_17)
  # What others' programs write isn't held to our warnings.
  target_compile_options(${target} PRIVATE -w)
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf gRPC::grpc++)
endfunction()
