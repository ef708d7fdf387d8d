// SPDX-License-Identifier: Apache-2.0

#include "naming/watcher.h"

#include <utility>

#include "tests/support/catch.h"

namespace naming {
namespace {

TEST_CASE("A watcher is stopped once, by its last owner", "[watcher]") {
  int stopped = 0;
  {
    Watcher first([&stopped] { ++stopped; });
    Watcher second(std::move(first));
    Watcher third;
    third = std::move(second);
    first = Watcher();  // Moved-from: assigned to.
    CHECK(stopped == 0);
  }
  CHECK(stopped == 1);
}

TEST_CASE("Assigning to a watcher stops what it followed", "[watcher]") {
  int stopped = 0;
  Watcher watcher([&stopped] { ++stopped; });
  watcher = Watcher();
  CHECK(stopped == 1);
}

TEST_CASE("A watcher survives being assigned to itself", "[watcher]") {
  int stopped = 0;
  Watcher watcher([&stopped] { ++stopped; });
  Watcher& same = watcher;
  watcher = std::move(same);
  CHECK(stopped == 0);
}

}  // namespace
}  // namespace naming
