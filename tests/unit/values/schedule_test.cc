// SPDX-License-Identifier: Apache-2.0

#include "naming/schedule.h"

#include "tests/support/catch.h"

namespace naming {
namespace {

TEST_CASE("Schedules are compared by zones and weights", "[schedule]") {
  const Schedule schedule{{{"z1", {{"z1", 10}, {"z2", -1}}}}};
  Schedule other = schedule;
  CHECK(other == schedule);
  SECTION("weight") { other.clients["z1"]["z2"] = 0; }
  SECTION("zone") { other.clients["z1"].erase("z2"); }
  SECTION("client_zone") { other.clients["z2"]; }
  CHECK(other != schedule);
}

}  // namespace
}  // namespace naming
