// SPDX-License-Identifier: Apache-2.0

#include "net/connection_numbers.h"

#include <cstddef>
#include <string>

#include "tests/support/catch.h"

namespace naming::net {
namespace {

TEST_CASE("Connections have ascending numbers, each its own",
          "[connection_numbers]") {
  ConnectionNumbers numbers;
  CHECK(numbers.Make("a") == 1);
  CHECK(numbers.Make("b") == 2);
  CHECK(numbers.Of("a") == 1);
  CHECK(numbers.Of("b") == 2);
  SECTION("also where one has the ends of an earlier one") {
    CHECK(numbers.Make("a") == 3);
    CHECK(numbers.Of("a") == 3);
  }
  SECTION("an unknown one gets a new number") {
    CHECK(numbers.Of("c") == 3);
    CHECK(numbers.Of("c") == 3);
  }
  SECTION("and those of many are forgotten, not given again") {
    for (std::size_t i = 2; i < ConnectionNumbers::kMost; ++i) {
      numbers.Make(std::to_string(i));
    }
    CHECK(numbers.Of("a") == 1);
    CHECK(numbers.Make("c") == ConnectionNumbers::kMost + 1);
    CHECK(numbers.Of("a") == ConnectionNumbers::kMost + 2);
  }
}

TEST_CASE("An answer is later than the connections of earlier rounds",
          "[connection_numbers]") {
  ConnectionNumbers numbers;
  numbers.BeginRound();
  numbers.Make("a");
  CHECK(numbers.alive_at() == 0);
  numbers.BeginRound();
  CHECK(numbers.alive_at() == 1);
}

}  // namespace
}  // namespace naming::net
