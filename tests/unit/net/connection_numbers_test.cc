// SPDX-License-Identifier: Apache-2.0

#include "net/connection_numbers.h"

#include "tests/support/catch.h"

namespace naming::net {
namespace {

TEST_CASE("Connections have ascending numbers, each its own",
          "[connection_numbers]") {
  ConnectionNumbers numbers;
  CHECK(numbers.Make() == 1);
  CHECK(numbers.Make() == 2);
  numbers.Keep(7, 1);
  numbers.Keep(8, 2);
  CHECK(numbers.Of(7) == 1);
  CHECK(numbers.Of(8) == 2);
  SECTION("also where a socket's number is used again") {
    numbers.Keep(7, numbers.Make());
    CHECK(numbers.Of(7) == 3);
  }
  SECTION("an unknown one gets a new number each time") {
    CHECK(numbers.Of(-1) == 3);
    CHECK(numbers.Of(-1) == 4);
  }
}

TEST_CASE("An answer is later than the connections of earlier rounds",
          "[connection_numbers]") {
  ConnectionNumbers numbers;
  numbers.BeginRound();
  numbers.Make();
  CHECK(numbers.alive_at() == 0);
  // What came before the connection was made may be found only now.
  numbers.BeginRound();
  CHECK(numbers.alive_at() == 0);
  numbers.BeginRound();
  CHECK(numbers.alive_at() == 1);
}

}  // namespace
}  // namespace naming::net
