// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_BRPC_STAND_IN_BUTIL_ENDPOINT_H_
#define NAMING_TESTS_UNIT_BRPC_STAND_IN_BUTIL_ENDPOINT_H_

#include <string>

// Of brpc what our header uses, with brpc's names and signatures.
namespace butil {

struct EndPoint {
  std::string text;
};

inline int str2endpoint(const char* text, EndPoint* point) {
  const std::string address(text);
  if (address.empty() || address.find_first_of("0123456789[") != 0) return -1;
  point->text = address;
  return 0;
}

inline int hostname2endpoint(const char* text, EndPoint* point) {
  const std::string address(text);
  if (address.find("unknown") == 0) return -1;
  point->text = "resolved " + address;
  return 0;
}

}  // namespace butil

#endif  // NAMING_TESTS_UNIT_BRPC_STAND_IN_BUTIL_ENDPOINT_H_
