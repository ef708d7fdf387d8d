// SPDX-License-Identifier: Apache-2.0

#include "node/tombstones.h"

#include <string>

#include "tests/support/catch.h"

namespace naming::node {
namespace {

using std::chrono::seconds;
using TimePoint = base::Clock::TimePoint;

InstanceKey Key(const std::string& hostname) {
  return {{"dev", "main.account"}, "sh001", hostname};
}

TEST_CASE("A cancelled instance is found by its whole name", "[tombstones]") {
  Tombstones tombstones;
  tombstones.Add(Key("h1"), 7, TimePoint());
  CHECK(tombstones.Find(Key("h1")) == 7);
  CHECK(tombstones.Find(Key("h2")) == std::nullopt);
  InstanceKey other = Key("h1");
  other.zone = "sh002";
  CHECK(tombstones.Find(other) == std::nullopt);
  tombstones.Remove(Key("h1"));
  CHECK(tombstones.Find(Key("h1")) == std::nullopt);
}

TEST_CASE("Only what was cancelled before is forgotten", "[tombstones]") {
  Tombstones tombstones;
  tombstones.Add(Key("h1"), 1, TimePoint(seconds(1)));
  tombstones.Add(Key("h2"), 2, TimePoint(seconds(2)));
  SECTION("in order") {
    tombstones.Forget(TimePoint(seconds(2)));
    CHECK(tombstones.Find(Key("h1")) == std::nullopt);
    CHECK(tombstones.Find(Key("h2")) == 2);
  }
  SECTION("and not what was cancelled again since") {
    tombstones.Add(Key("h1"), 3, TimePoint(seconds(3)));
    tombstones.Forget(TimePoint(seconds(3)));
    CHECK(tombstones.Find(Key("h1")) == 3);
    CHECK(tombstones.Find(Key("h2")) == std::nullopt);
  }
}

TEST_CASE("The oldest make room", "[tombstones]") {
  Tombstones tombstones;
  for (std::size_t i = 0; i <= Tombstones::kMaxSize; ++i) {
    tombstones.Add(Key(std::to_string(i)), 1, TimePoint(seconds(i)));
  }
  CHECK(tombstones.size() == Tombstones::kMaxSize);
  CHECK(tombstones.Find(Key("0")) == std::nullopt);
  CHECK(tombstones.Find(Key("1")) == 1);
}

}  // namespace
}  // namespace naming::node
