// SPDX-License-Identifier: Apache-2.0

#include "core/zones.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/instances.h"

namespace naming::core {
namespace {

std::shared_ptr<const Instance> Object(const std::string& zone,
                                       const std::string& hostname,
                                       const std::string& version = "1") {
  Instance instance = testing::MakeInstance("demo", hostname, version);
  instance.zone = zone;
  return std::make_shared<const Instance>(instance);
}

List ListOf(Snapshot::Instances objects) {
  List list;
  list.objects = std::move(objects);
  return list;
}

Snapshot SnapshotOf(List list) {
  Snapshot snapshot;
  snapshot.zones = MakeZones(std::move(list), nullptr);
  return snapshot;
}

// "zone: hostname/version hostname/version; …"
std::string Text(const Zones& zones) {
  std::string text;
  for (const auto& [zone, instances] : zones) {
    text += zone + ":";
    for (const auto& instance : instances) {
      text += " " + instance->hostname + "/" + instance->version;
    }
    text += ";";
  }
  return text;
}

TEST_CASE("Zones are in order, whatever the order of the list", "[zones]") {
  const auto a1 = Object("a", "1");
  const auto a2 = Object("a", "2");
  const auto b1 = Object("b", "1");
  const auto list = GENERATE_COPY(Snapshot::Instances{a1, a2, b1},
                                  Snapshot::Instances{b1, a2, a1},
                                  Snapshot::Instances{a2, b1, a1});
  CHECK(Text(MakeZones(ListOf(list), nullptr)) == "a: 1/1 2/1;b: 1/1;");
}

TEST_CASE("Of two Instances with one name the last counts", "[zones]") {
  List list = ListOf({Object("a", "1", "new"), Object("a", "0")});
  list.instances = {*Object("a", "1", "old"), *Object("a", "2", "old"),
                    *Object("a", "2", "new")};
  CHECK(Text(MakeZones(list, nullptr)) == "a: 0/1 1/new 2/new;");
}

TEST_CASE("Instances that didn't change keep their objects", "[zones]") {
  const Snapshot previous = SnapshotOf(
      ListOf({Object("a", "1"), Object("a", "2"), Object("b", "1")}));
  List copies = ListOf({Object("b", "1"), Object("a", "2", "new")});
  copies.instances = {*Object("a", "1")};
  const Zones zones = MakeZones(copies, &previous);
  CHECK(Text(zones) == "a: 1/1 2/new;b: 1/1;");
  CHECK(zones.at("a")[0] == previous.zones.at("a")[0]);
  CHECK(zones.at("a")[1] != previous.zones.at("a")[1]);
  CHECK(zones.at("b") == previous.zones.at("b"));
}

TEST_CASE("A list of all present objects in order is a repetition", "[zones]") {
  const auto a = Object("a", "1");
  const auto b = Object("b", "1");
  const Snapshot previous = SnapshotOf(ListOf({a, b}));
  CHECK(IsRepetition(ListOf({a, b}), previous));
  CHECK(IsRepetition(ListOf({}), Snapshot()));
  CHECK_FALSE(IsRepetition(ListOf({a}), previous));
  CHECK_FALSE(IsRepetition(ListOf({a, b, b}), previous));
  CHECK_FALSE(IsRepetition(ListOf({a, Object("b", "1")}), previous));
  CHECK_FALSE(IsRepetition(ListOf({}), previous));
  List more = ListOf({a, b});
  more.instances = {*Object("c", "1")};
  CHECK_FALSE(IsRepetition(more, previous));
  List scheduled = ListOf({a, b});
  scheduled.schedule.clients["a"] = {{"b", 1}};
  CHECK_FALSE(IsRepetition(scheduled, previous));
}

TEST_CASE("A Finder finds in any order", "[zones]") {
  const Snapshot snapshot = SnapshotOf(
      ListOf({Object("a", "1"), Object("a", "3"), Object("b", "2")}));
  const auto& a = snapshot.zones.at("a");
  const auto& b = snapshot.zones.at("b");
  Finder finder(&snapshot);
  CHECK(finder.Find("b", "2") == b[0]);
  CHECK(finder.Find("a", "3") == a[1]);
  CHECK(finder.Find("a", "1") == a[0]);
  CHECK(finder.Find("a", "2") == nullptr);
  CHECK(finder.Find("a", "4") == nullptr);
  CHECK(finder.Find("c", "1") == nullptr);
  CHECK(finder.Find("a", "3") == a[1]);
  CHECK(finder.IsNext(b[0]));
  CHECK(finder.IsAtEnd());
  CHECK(finder.Find("a", "1") == a[0]);
  CHECK_FALSE(finder.IsAtEnd());
  CHECK_FALSE(finder.IsNext(b[0]));
  CHECK(Finder(nullptr).Find("a", "1") == nullptr);
}

}  // namespace
}  // namespace naming::core
