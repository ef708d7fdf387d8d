// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_RAW_PROVIDER_H_
#define NAMING_TESTS_SUPPORT_RAW_PROVIDER_H_

#include <string>
#include <string_view>

#include "naming/instance.h"

namespace naming::testing {

// Registers Instances with a node as a program of anybody's would: one request
// a call, waited for, nothing renewed unless told. Not renewing is dying.
class RawProvider final {
 public:
  // `node` is "host:port".
  explicit RawProvider(std::string node) : node_(std::move(node)) {}

  // Each returns the body of the answer, "" when there was none.
  std::string Register(const Instance& instance) const;
  std::string Renew(const Instance& instance) const;
  std::string Cancel(const Instance& instance) const;
  std::string Get(std::string_view path_and_query) const;

 private:
  std::string Post(std::string_view path, const std::string& form) const;

  const std::string node_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_RAW_PROVIDER_H_
