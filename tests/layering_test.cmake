# SPDX-License-Identifier: Apache-2.0
# Shows layering.cmake a small tree for each rule, which breaks that rule alone.
cmake_minimum_required(VERSION 3.25)

set(spdx "// SPDX-License-Identifier: Apache-2.0\n")

# Sets `out` to what layering.cmake says of a tree with the file `path`.
function(check path text out)
  file(REMOVE_RECURSE "${work_dir}")
  foreach(name IN ITEMS
      include/naming/export.h include/naming/resolver.h src/base/text.h
      src/etcd/protocol.h)
    string(REGEX REPLACE "^(include/naming|src)/" "" guard "${name}")
    string(REGEX REPLACE "[/.]" "_" guard "${guard}")
    string(TOUPPER "NAMING_${guard}_" guard)
    file(WRITE "${work_dir}/${name}"
      "${spdx}#ifndef ${guard}\n#define ${guard}\n#endif\n")
  endforeach()
  file(WRITE "${work_dir}/${path}" "${text}")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -D "root=${work_dir}"
      -P "${CMAKE_CURRENT_LIST_DIR}/layering.cmake"
    ERROR_VARIABLE error)
  set(${out} "${error}" PARENT_SCOPE)
endfunction()

function(expect path text problem)
  check("${path}" "${text}" error)
  if(NOT error MATCHES "\n +${path}: ${problem}\n")
    message(SEND_ERROR "${path}: expected \"${problem}\", got: ${error}")
  endif()
endfunction()

check(src/net/a.cc "${spdx}#include <curl/curl.h>\n#include \"base/text.h\"\n"
  error)
if(NOT error STREQUAL "")
  message(SEND_ERROR "a good tree is refused: ${error}")
endif()

set(guarded "${spdx}#ifndef NAMING_LOG_H_\n#define NAMING_LOG_H_\n")
expect(src/util/a.cc "${spdx}" "it has no layer")
expect(src/base/a.cc "int a\;\n" "the first line must be the SPDX line")
expect(include/naming/log.h "${spdx}" "the include guard must be NAMING_LOG_H_")
expect(include/naming/log.h "${guarded}#include \"naming/resolver.h\"\n"
  "layer 1 includes naming/resolver.h of layer 2")
expect(include/naming/log.h "${guarded}#include \"base/text.h\"\n"
  "a public header includes the private base/text.h")
expect(include/naming/log.h "${guarded}#include <mutex>\n"
  "a public header must not mention mutex")
expect(src/core/a.cc "${spdx}#include \"etcd/protocol.h\"\n"
  "layer 4 includes etcd/protocol.h of layer 5")
expect(src/discovery/a.cc "${spdx}#include \"etcd/protocol.h\"\n"
  "one backend includes another: etcd/protocol.h")
expect(src/core/a.cc "${spdx}#include <rapidjson/reader.h>\n"
  "rapidjson/reader.h is for src/net alone")
expect(src/core/a.cc "${spdx}#include \"absl/synchronization/mutex.h\"\n"
  "absl/synchronization/mutex.h isn't used here")
expect(src/core/a.cc "${spdx}#include \"base/none.h\"\n"
  "there is no base/none.h")
expect(tests/unit/core/a_test.cc "${spdx}" "no program of tests has it")
