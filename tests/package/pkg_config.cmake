# SPDX-License-Identifier: Apache-2.0
# Builds some examples with a plain compiler call against the installed package,
# found by pkg-config, from a prefix that was moved since.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/support.cmake")

set(dir "${work_dir}/pkg_config-${linkage}-${standard}")
set(prefix "${dir}/moved")
file(REMOVE_RECURSE "${dir}")
file(MAKE_DIRECTORY "${dir}")
file(COPY "${work_dir}/prefix-${linkage}/" DESTINATION "${prefix}")
set(ENV{PKG_CONFIG_PATH} "${prefix}/${libdir}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${prefix}/${libdir}")

# As the README says it.
file(COPY_FILE "${source_dir}/examples/resolve.cc" "${dir}/my_service.cc")
readme_block(pkg-config command)
execute_process(COMMAND sh -e -c "${command}"
  WORKING_DIRECTORY "${dir}" COMMAND_ERROR_IS_FATAL ANY)

execute_process(COMMAND pkg-config --cflags naming
  OUTPUT_VARIABLE cflags COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND pkg-config --libs naming
  OUTPUT_VARIABLE libs COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(cflags UNIX_COMMAND "${cflags}")
separate_arguments(libs UNIX_COMMAND "${libs}")
set(compile ${launcher} "${compiler}" -std=c++${standard} ${strict_flags}
  ${cflags})
set(names custom_backend http_client)
foreach(name IN LISTS names)
  run(${compile} -c "${source_dir}/examples/${name}.cc" -o "${dir}/${name}.o")
  run("${compiler}" "${dir}/${name}.o" -o "${dir}/example-${name}" ${libs})
endforeach()
check_examples("${dir}" ${names})

file(GLOB_RECURSE headers RELATIVE "${prefix}/include" "${prefix}/include/*.h")
# It needs brpc.
list(REMOVE_ITEM headers naming/brpc/naming_service.h)
list(TRANSFORM headers REPLACE "(.+)" "#include \"\\1\"\n")
list(JOIN headers "" source)
file(WRITE "${dir}/headers.cc" "${source}")
run(${compile} -fsyntax-only "${dir}/headers.cc")
