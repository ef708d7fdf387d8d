# SPDX-License-Identifier: Apache-2.0
# Builds the examples, and a consumer of all components, against the installed
# package, found by find_package().
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(name "find_package-${linkage}-${standard}")
set(prefix "${work_dir}/prefix-${linkage}")

build_project("${source_dir}/examples" "${work_dir}/${name}-examples"
  "CMAKE_PREFIX_PATH=${prefix}" CMAKE_CXX_STANDARD=${standard})
check_examples("${work_dir}/${name}-examples"
  register resolve watch balance custom_backend http_client)

readme_block(find_package snippet)
set(snippet_file "${work_dir}/${name}.cmake")
file(WRITE "${snippet_file}" "${snippet}")
build_project("${CMAKE_CURRENT_LIST_DIR}/consumer" "${work_dir}/${name}"
  "CMAKE_PREFIX_PATH=${prefix}" CMAKE_CXX_STANDARD=${standard}
  "README_SNIPPET=${snippet_file}" "HAS_GRPC=${has_grpc}")
run("${work_dir}/${name}/my_service")
if(has_grpc)
  run("${work_dir}/${name}/my_caller")
endif()
