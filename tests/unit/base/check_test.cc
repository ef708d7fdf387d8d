// SPDX-License-Identifier: Apache-2.0

#include "base/check.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tests/support/catch.h"

namespace naming::base {
namespace {

absl::Status Must(std::string_view demand) {
  return absl::InvalidArgumentError("field: must " + std::string(demand));
}

TEST_CASE("A text is UTF-8 without control characters, of 255 bytes",
          "[check]") {
  CHECK(CheckText("field", "").ok());
  CHECK(CheckText("field", "a b \xC3\xA4").ok());
  CHECK(CheckText("field", std::string(255, 'x')).ok());
  CHECK(CheckText("field", std::string(256, 'x')) ==
        Must("be at most 255 bytes"));
  const std::string bad =
      GENERATE(as<std::string>{}, "a\n", "\x7F", std::string(1, '\0'), "\xC3");
  CHECK(CheckText("field", bad) == Must("be UTF-8 without control characters"));
  CHECK_FALSE(CheckNonEmptyText("field", bad).ok());
  CHECK_FALSE(CheckName("field", bad).ok());
  CHECK_FALSE(CheckAddress("field", "grpc://h:1/" + bad).ok());
}

TEST_CASE("A name is a text that isn't empty and has no white space",
          "[check]") {
  CHECK(CheckName("field", "demo.service").ok());
  CHECK(CheckNonEmptyText("field", "a b").ok());
  CHECK(CheckName("field", "a b") == Must("not contain white space"));
  CHECK(CheckName("field", "") == Must("not be empty"));
  CHECK(CheckNonEmptyText("field", "") == Must("not be empty"));
}

TEST_CASE("An address is one URL with a port", "[check]") {
  CHECK(CheckAddress("field", "grpc://10.0.0.7:9000").ok());
  CHECK(CheckAddress("field", "http://[::1]:80/path").ok());
  CHECK(CheckAddress("field", "http://a:80,grpc://a:90") ==
        Must("be one address, without a comma"));
  CHECK(CheckAddress("field", "10.0.0.7:9000") ==
        Must("be \"scheme://host:port\", is \"10.0.0.7:9000\""));
  CHECK(CheckAddress("field", "") == Must("not be empty"));
}

}  // namespace
}  // namespace naming::base
