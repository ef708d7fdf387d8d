// SPDX-License-Identifier: Apache-2.0

#include "naming/scheduler.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "naming/subset.h"
#include "tests/support/catch.h"
#include "tests/support/endpoints.h"

namespace naming {
namespace {

using testing::MakeEndpoints;

std::vector<Endpoint> Concat(std::vector<Endpoint> a,
                             const std::vector<Endpoint>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Schedule For(const std::string& client_zone, Schedule::ZoneWeights weights) {
  Schedule schedule;
  schedule.clients[client_zone] = std::move(weights);
  return schedule;
}

// Zone → how much of the calls it gets from a balancer that goes by weight.
std::map<std::string, double> ByWeight(const std::vector<Endpoint>& endpoints) {
  std::map<std::string, double> zones;
  double sum = 0;
  for (const Endpoint& endpoint : endpoints) {
    zones[endpoint.zone] += endpoint.weight;
    sum += endpoint.weight;
  }
  for (auto& [zone, weight] : zones) weight /= sum;
  return zones;
}

// Zone → how much of the calls it gets from a balancer that takes turns.
std::map<std::string, double> ByNumber(std::vector<Endpoint> endpoints) {
  for (Endpoint& endpoint : endpoints) endpoint.weight = 1;
  return ByWeight(endpoints);
}

std::set<std::string> ZonesOf(const std::vector<ZoneShare>& shares) {
  std::set<std::string> zones;
  for (const ZoneShare& share : shares) {
    for (const Endpoint& endpoint : share.endpoints)
      zones.insert(endpoint.zone);
  }
  return zones;
}

bool IsNear(double value, double expected) {
  return std::abs(value - expected) <= 0.05 * expected;
}

TEST_CASE("A schedule gives each zone its share", "[scheduler]") {
  const auto [a, b, weight_b] = GENERATE(table<int, int, int>({
      {3, 3, 10},      // Numbers alone can do it.
      {1, 3, 10},      // 1 of a to 2 of b.
      {1, 1, 10},      // Weights have to do it.
      {7, 2, 10},      // Most of a isn't needed.
      {40, 60, 10},    //
      {500, 900, 10},  //
      {5, 6, 100},     // The endpoints of b weigh more each.
      {5, 6, 1},       // … or less.
  }));
  CAPTURE(a, b, weight_b);
  const auto endpoints =
      Concat(MakeEndpoints("a", a, "a"), MakeEndpoints("b", b, "b", weight_b));
  const auto shares =
      ScheduleZones(endpoints, For("here", {{"a", 10}, {"b", 20}}), "here");
  REQUIRE(shares.size() == 2);
  CHECK(shares[0].share == Approx(1.0 / 3));
  CHECK(shares[1].share == Approx(2.0 / 3));

  SECTION("by weight, whatever the numbers") {
    const auto by_weight = ByWeight(Join(shares));
    CHECK(IsNear(by_weight.at("a"), 1.0 / 3));
    CHECK(IsNear(by_weight.at("b"), 2.0 / 3));
  }
  SECTION("by number, where there are enough, after the subset") {
    SubsetOptions options;
    options.size = static_cast<std::size_t>(GENERATE(0, 50, 1000));
    const auto chosen = Join(SubsetOf(shares, options));
    CHECK(IsNear(ByWeight(chosen).at("a"), 1.0 / 3));
    if (b > 1) {
      CHECK(IsNear(ByNumber(chosen).at("a"), 1.0 / 3));
      CHECK(IsNear(ByNumber(chosen).at("b"), 2.0 / 3));
    }
    if (options.size > 0) CHECK(chosen.size() <= options.size);
  }
}

TEST_CASE("Weights that keep to the shares stay as they are", "[scheduler]") {
  const auto endpoints =
      Concat(MakeEndpoints("a", 2, "a", 7), MakeEndpoints("b", 4, "b", 7));
  const auto joined =
      Join(ScheduleZones(endpoints, For("a", {{"a", 1}, {"b", 2}}), "a"));
  CHECK(joined == endpoints);
}

TEST_CASE("Within a share, scaled weights keep their ratio", "[scheduler]") {
  auto endpoints = Concat(
      MakeEndpoints("a", 1, "a", 3),
      Concat(MakeEndpoints("b", 1, "b", 100), MakeEndpoints("c", 1, "b", 300)));
  const auto joined =
      Join(ScheduleZones(endpoints, For("x", {{"a", 1}, {"b", 1}}), "x"));
  REQUIRE(joined.size() == 3);
  CHECK(joined[2].weight == 3 * joined[1].weight);
  CHECK(joined[0].weight == 4 * joined[1].weight);
  CHECK(joined[0].weight <= 4);  // No longer a cycle than it takes.
}

TEST_CASE("Only what is prescribed and there gets calls", "[scheduler]") {
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  const auto endpoints =
      Concat(MakeEndpoints("a", 2, "a"),
             Concat(MakeEndpoints("b", 2, "b"), MakeEndpoints("c", 2, "c")));
  const auto zones = [&endpoints](const Schedule& schedule,
                                  const std::string& client_zone) {
    const auto shares = ScheduleZones(endpoints, schedule, client_zone);
    double sum = 0;
    for (const ZoneShare& share : shares) sum += share.share;
    CHECK(sum == Approx(1));
    return ZonesOf(shares);
  };
  using Zones = std::set<std::string>;

  SECTION("zones that are listed") {
    CHECK(zones(For("a", {{"b", 1}, {"c", 1}}), "a") == Zones{"b", "c"});
  }
  SECTION("a zone without instances gets nothing") {
    CHECK(zones(For("a", {{"b", 1}, {"x", 100}}), "a") == Zones{"b"});
  }
  SECTION("nor does one of no weight") {
    CHECK(zones(For("a", {{"a", 0}, {"b", -5}, {"c", 1}}), "a") == Zones{"c"});
  }
  SECTION("the largest weights do no harm") {
    CHECK(zones(For("a", {{"b", kLargest}, {"c", kLargest}}), "a") ==
          Zones{"b", "c"});
  }
  SECTION("a schedule of nothing that is there: the own zone") {
    CHECK(zones(For("a", {{"x", 1}}), "a") == Zones{"a"});
    CHECK(zones(For("a", {{"b", 0}}), "a") == Zones{"a"});
    CHECK(zones(For("a", {}), "a") == Zones{"a"});
  }
  SECTION("a schedule for other clients: the own zone") {
    CHECK(zones(For("b", {{"c", 1}}), "a") == Zones{"a"});
  }
  SECTION("no schedule, and nobody in the own zone: all") {
    CHECK(zones({}, "x") == Zones{"a", "b", "c"});
    CHECK(zones({}, "") == Zones{"a", "b", "c"});
  }
}

TEST_CASE("No endpoints make no shares", "[scheduler]") {
  CHECK(ScheduleZones({}, For("a", {{"a", 1}}), "a").empty());
  CHECK(ScheduleZones({}, {}, "").empty());
  CHECK(Join({}).empty());
  CHECK(SubsetOf(std::vector<ZoneShare>{}, {}).empty());
}

TEST_CASE("Shares that nobody made still join", "[scheduler]") {
  constexpr auto kNan = std::numeric_limits<double>::quiet_NaN();
  std::vector<ZoneShare> shares = {{MakeEndpoints("a", 2, "a"), kNan},
                                   {{}, 1},
                                   {MakeEndpoints("b", 2, "b", 1'000'000), 0},
                                   {MakeEndpoints("c", 2, "c", 1), 1e300}};
  shares[0].endpoints[0].weight = -5;
  shares = SubsetOf(std::move(shares), {});
  const auto joined = Join(std::move(shares));
  CHECK(joined.size() >= 3);
  for (const Endpoint& endpoint : joined) {
    CHECK(endpoint.weight >= 1);
    CHECK(endpoint.weight <= 1'000'000);
  }
}

}  // namespace
}  // namespace naming
