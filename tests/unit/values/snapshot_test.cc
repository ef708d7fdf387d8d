// SPDX-License-Identifier: Apache-2.0

#include "naming/snapshot.h"

#include <memory>
#include <string>

#include "tests/support/catch.h"

namespace naming {
namespace {

std::shared_ptr<const Instance> Make(const std::string& hostname) {
  Instance instance;
  instance.hostname = hostname;
  return std::make_shared<const Instance>(instance);
}

Snapshot MakeSnapshot() {
  Snapshot snapshot;
  snapshot.app_id = "x";
  snapshot.revision = 3;
  snapshot.zones = {{"z1", {Make("a"), Make("b")}}, {"z2", {Make("c")}}};
  return snapshot;
}

TEST_CASE("A snapshot lists its instances by zone", "[snapshot]") {
  CHECK(MakeSnapshot().size() == 3);
  std::string names;
  for (const auto& instance : MakeSnapshot().AllInstances()) {
    names += instance->hostname;
  }
  CHECK(names == "abc");
  CHECK(Snapshot().size() == 0);
  CHECK(Snapshot().AllInstances().empty());
}

TEST_CASE("Snapshots are compared by their contents", "[snapshot]") {
  CHECK(MakeSnapshot() == MakeSnapshot());  // Other objects, equal instances.
  Snapshot other = MakeSnapshot();
  SECTION("app_id") { other.app_id = "y"; }
  SECTION("revision") { ++other.revision; }
  SECTION("an instance") { other.zones["z1"][0] = Make("z"); }
  SECTION("an instance less") { other.zones["z1"].pop_back(); }
  SECTION("a zone more") { other.zones["z3"]; }
  SECTION("a null instance") { other.zones["z1"][0] = nullptr; }
  SECTION("the schedule") { other.schedule.clients["z1"]["z2"] = 1; }
  CHECK(other != MakeSnapshot());
}

}  // namespace
}  // namespace naming
