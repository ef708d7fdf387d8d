// SPDX-License-Identifier: Apache-2.0
// How often each Balancer chooses whom.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/balancer/fixture.h"

namespace naming::balancer {
namespace {

using Counts = std::map<std::string, int>;

Options Seeded(std::uint64_t seed) { return Options{"", seed}; }

TEST_CASE("Round robin takes endpoints in turn", "[balancer]") {
  RoundRobin balancer(Seeded(0));
  balancer.Update({Make("a:1"), Make("b:1"), Make("c:1")});
  std::string order;
  for (int i = 0; i < 7; ++i) order += ChooseOne(balancer)[0];
  CHECK(order == "abcabca");
}

TEST_CASE("Weights 1:2:3 are exact over 600 picks", "[balancer]") {
  WeightedRoundRobin balancer(Seeded(GENERATE(0, 1, 2, 3)));
  balancer.Update({Make("a:1", 1), Make("b:1", 2), Make("c:1", 3)});
  CHECK(Count(balancer, 600) ==
        Counts{{"a:1", 100}, {"b:1", 200}, {"c:1", 300}});
}

TEST_CASE("Weighted turns are spread smoothly", "[balancer]") {
  WeightedRoundRobin balancer(Seeded(0));
  balancer.Update({Make("a:1", 10), Make("b:1", 20), Make("c:1", 30)});
  std::string order;
  for (int i = 0; i < 6; ++i) order += ChooseOne(balancer)[0];
  CHECK(order == "bcacbc");
}

TEST_CASE("A thousand odd weights are exact over their cycle", "[balancer]") {
  std::vector<Endpoint> endpoints;
  Counts expected;
  int cycle = 0;
  for (int i = 0; i < 1000; ++i) {
    const int weight = 1 + i * 7919 % 101;
    endpoints.push_back(Make("e" + std::to_string(i), weight));
    expected["e" + std::to_string(i)] = weight;
    cycle += weight;
  }
  WeightedRoundRobin balancer(Seeded(7));
  balancer.Update(endpoints);
  CHECK(Count(balancer, cycle) == expected);
}

TEST_CASE("Thousands of equal weights come once each a cycle", "[balancer]") {
  const int count = GENERATE(5000, 8192);
  WeightedRoundRobin balancer(Seeded(0));
  balancer.Update(MakeMany(count));
  const Counts counts = Count(balancer, count);
  CHECK(counts.size() == static_cast<std::size_t>(count));
}

TEST_CASE("Huge weights are shared out smoothly from the start", "[balancer]") {
  WeightedRoundRobin balancer(Seeded(3));
  balancer.Update(
      {Make("a:1", 1'000'000), Make("b:1", 999'999), Make("c:1", 1)});
  const Counts counts = Count(balancer, 10'000);
  const auto of = [&counts](const char* address) {
    const auto it = counts.find(address);
    return it == counts.end() ? 0 : it->second;
  };
  CHECK(std::abs(of("a:1") - 5000) <= 5);
  CHECK(std::abs(of("b:1") - 5000) <= 5);
  CHECK(of("c:1") <= 1);
}

TEST_CASE("Random chooses all alike", "[balancer]") {
  Random balancer(Seeded(1));
  balancer.Update(MakeMany(10));
  for (const auto& [address, count] : Count(balancer, 20'000)) {
    CAPTURE(address);
    CHECK(std::abs(count - 2000) < 200);
  }
}

TEST_CASE("Weighted random follows the weights", "[balancer]") {
  WeightedRandom balancer(Seeded(1));
  balancer.Update({Make("a:1", 1), Make("b:1", 2), Make("c:1", 7),
                   Make("bad:1", -1)});  // Counts as 10.
  Counts counts = Count(balancer, 40'000);
  CHECK(std::abs(counts["a:1"] - 2000) < 200);
  CHECK(std::abs(counts["b:1"] - 4000) < 300);
  CHECK(std::abs(counts["c:1"] - 14'000) < 500);
  CHECK(std::abs(counts["bad:1"] - 20'000) < 600);
}

TEST_CASE("Least requests goes where fewer calls are in flight", "[balancer]") {
  LeastRequests balancer(Seeded(1));
  balancer.Update({Make("a:1", 10), Make("b:1", 10)});
  std::vector<Pick> in_flight;
  Counts counts;
  for (int i = 0; i < 40; ++i) {
    in_flight.push_back(balancer.Choose().value());
    ++counts[in_flight.back().endpoint().address];
  }
  CHECK(counts == Counts{{"a:1", 20}, {"b:1", 20}});
  // Those of a end: it is chosen until it has caught up.
  for (Pick& pick : in_flight) {
    if (pick.endpoint().address == "a:1") pick.Done(Outcome());
  }
  for (int i = 0; i < 20; ++i) {
    in_flight.push_back(balancer.Choose().value());
    CHECK(in_flight.back().endpoint().address == "a:1");
  }
}

TEST_CASE("Least requests minds weights, and keeps its count over updates",
          "[balancer]") {
  LeastRequests balancer(Seeded(1));
  balancer.Update({Make("a:1", 10), Make("b:1", 30)});
  std::vector<Pick> in_flight;
  for (int i = 0; i < 20; ++i) in_flight.push_back(balancer.Choose().value());
  balancer.Update({Make("b:1", 30), Make("a:1", 10), Make("c:1", 10)});
  balancer.Update({Make("b:1", 30), Make("a:1", 10)});
  for (int i = 0; i < 20; ++i) in_flight.push_back(balancer.Choose().value());
  Counts counts;
  for (const Pick& pick : in_flight) ++counts[pick.endpoint().address];
  CHECK(counts == Counts{{"a:1", 10}, {"b:1", 30}});
}

// Key → address, for keys from 0 on.
std::vector<std::string> Map(Balancer& balancer, int keys) {
  std::vector<std::string> map;
  for (int key = 0; key < keys; ++key) {
    PickOptions options;
    options.hash_key = static_cast<std::uint64_t>(key);
    map.push_back(ChooseOne(balancer, options));
  }
  return map;
}

TEST_CASE("Consistent hashing moves few keys when an endpoint leaves",
          "[balancer]") {
  constexpr int kKeys = 20'000;
  const int n = GENERATE(3, 10, 100);
  ConsistentHash balancer;
  const std::vector<Endpoint> all = MakeMany(n);
  balancer.Update(all);
  const std::vector<std::string> before = Map(balancer, kKeys);
  std::vector<Endpoint> fewer = all;
  fewer.erase(fewer.begin() + n / 2);
  balancer.Update(fewer);
  const std::vector<std::string> after = Map(balancer, kKeys);
  int moved = 0;
  for (int i = 0; i < kKeys; ++i) moved += before[i] != after[i] ? 1 : 0;
  CAPTURE(n, moved);
  CHECK(moved <= kKeys / n + kKeys / 20);
  // It comes back: so do its keys.
  balancer.Update(all);
  CHECK(Map(balancer, kKeys) == before);
  ConsistentHash other;
  other.Update(all);
  CHECK(Map(other, kKeys) == before);
}

TEST_CASE("Consistent hashing shares keys by weight", "[balancer]") {
  ConsistentHash balancer;
  balancer.Update({Make("a:1", 1), Make("b:1", 2), Make("c:1", 5)});
  Counts counts;
  for (const std::string& address : Map(balancer, 40'000)) ++counts[address];
  CHECK(std::abs(counts["a:1"] - 5000) < 400);
  CHECK(std::abs(counts["b:1"] - 10'000) < 600);
  CHECK(std::abs(counts["c:1"] - 25'000) < 800);
}

TEST_CASE("Consistent hashing chooses every endpoint", "[balancer]") {
  int count = 5000;
  int weight_of_first = 10;
  SECTION("however many there are") {}
  SECTION("however little they weigh beside another") {
    count = 1000;
    weight_of_first = 1'000'000;
  }
  ConsistentHashOptions options;
  options.max_load = 0;
  ConsistentHash balancer(options);
  std::vector<Endpoint> endpoints = MakeMany(count);
  endpoints[0].weight = weight_of_first;
  balancer.Update(endpoints);
  std::set<std::string> chosen;
  PickOptions asked;
  for (std::uint64_t key = 0; key < 200'000; ++key) {
    asked.hash_key = key;
    chosen.insert(balancer.Peek(asked)->address);
  }
  CHECK(chosen.size() == static_cast<std::size_t>(count));
}

// In time that grows with the places alone: else this would take minutes.
TEST_CASE("The largest table takes the most unequal weights", "[balancer]") {
  ConsistentHashOptions options;
  options.table_size = 4194304;
  ConsistentHash balancer(options);
  std::vector<Endpoint> endpoints = MakeMany(1000);
  for (Endpoint& endpoint : endpoints) endpoint.weight = 1;
  endpoints[0].weight = 1'000'000;
  balancer.Update(endpoints);
  Counts counts;
  for (const std::string& address : Map(balancer, 10'000)) ++counts[address];
  CHECK(counts["e0:1"] > 9900);
}

TEST_CASE("No endpoint gets more than its bound, whatever the keys",
          "[balancer]") {
  ConsistentHashOptions options;
  options.max_load = 1.25;
  ConsistentHash balancer(options);
  balancer.Update(MakeMany(10));
  PickOptions hot;
  hot.hash_key = 42;
  std::vector<Pick> in_flight;
  Counts counts;
  for (int i = 0; i < 1000; ++i) {
    in_flight.push_back(balancer.Choose(hot).value());
    const int own = ++counts[in_flight.back().endpoint().address];
    REQUIRE(own <= std::ceil(1.25 * (i + 1) / 10));
  }
  const std::string first = in_flight[0].endpoint().address;
  in_flight.clear();
  CHECK(ChooseOne(balancer, hot) == first);
}

// How many of 300 calls of one key, all in flight, one endpoint is given.
int MostOf300(ConsistentHash& balancer, std::vector<Pick>& in_flight) {
  PickOptions hot;
  hot.hash_key = 7;
  Counts counts;
  int most = 0;
  for (int i = 0; i < 300; ++i) {
    in_flight.push_back(balancer.Choose(hot).value());
    most = std::max(most, ++counts[in_flight.back().endpoint().address]);
  }
  return most;
}

TEST_CASE("Only calls to those that can be chosen count for the bound",
          "[balancer]") {
  constexpr int kBound = 125;
  ConsistentHash balancer;
  std::vector<Endpoint> all = {Make("a:1"), Make("b:1"), Make("c:1"),
                               Make("x:1", 10, "blue"),
                               Make("y:1", 10, "blue")};
  const std::vector<Endpoint> uncolored(all.begin(), all.begin() + 3);
  balancer.Update(all);
  std::vector<Pick> elsewhere;
  PickOptions blue;
  blue.color = "blue";
  for (int i = 0; i < 1000; ++i) {
    blue.hash_key = static_cast<std::uint64_t>(i);
    elsewhere.push_back(balancer.Choose(blue).value());
  }
  std::vector<Pick> in_flight;
  SECTION("not those to other colors") {
    CHECK(MostOf300(balancer, in_flight) == kBound);
  }
  SECTION("not those to endpoints that have left") {
    balancer.Update(uncolored);
    CHECK(MostOf300(balancer, in_flight) == kBound);
    SECTION("and come back") {
      balancer.Update(all);
      elsewhere.clear();
      in_flight.clear();
      CHECK(MostOf300(balancer, in_flight) == kBound);
    }
  }
  SECTION("not those to endpoints that are ejected") {
    std::vector<Candidate> candidates;
    for (const Endpoint& endpoint : uncolored) {
      candidates.push_back({endpoint});
    }
    candidates.push_back({Make("d:1")});
    balancer.UpdateCandidates(candidates);
    for (std::uint64_t key = 0; key < 1000; ++key) {
      PickOptions options;
      options.hash_key = key;
      Pick pick = balancer.Choose(options).value();
      if (pick.endpoint().address == "d:1") {
        elsewhere.push_back(std::move(pick));
      }
    }
    candidates[3].is_ejected = true;
    balancer.UpdateCandidates(candidates);
    CHECK(MostOf300(balancer, in_flight) == kBound);
    in_flight.clear();
    // Back, its calls count again: of 300 + n each may have a good quarter.
    candidates[3].is_ejected = false;
    balancer.UpdateCandidates(candidates);
    elsewhere.clear();
    CHECK(MostOf300(balancer, in_flight) == std::ceil(1.25 * 300 / 4));
  }
  SECTION("nor those to endpoints that had the color once") {
    for (Endpoint& endpoint : all) endpoint.color.clear();
    balancer.Update(all);
    CHECK(MostOf300(balancer, in_flight) == std::ceil(1.25 * 300 / 5));
  }
}

TEST_CASE("Keys of texts are the same in every release", "[balancer]") {
  CHECK(HashKey("") == 0xf52a15e9a9b5e89b);
  CHECK(HashKey("user-1") == 0xc499b5f8a721df58);
  CHECK(HashKey("user-1") != HashKey("user-2"));
}

TEST_CASE("Threads that pick once take turns", "[balancer]") {
  RoundRobin balancer(Seeded(0));
  balancer.Update({Make("a:1"), Make("b:1"), Make("c:1")});
  Counts counts;
  // More owners of turns than a thread has places for come in between.
  std::vector<std::unique_ptr<RoundRobin>> others;
  for (int i = 0; i < 100; ++i) {
    others.push_back(std::make_unique<RoundRobin>());
    others.back()->Update({Make("x:1")});
  }
  for (int i = 0; i < 30; ++i) {
    ++counts[ChooseOne(balancer)];
    for (const auto& other : others) ChooseOne(*other);
  }
  CHECK(counts == Counts{{"a:1", 10}, {"b:1", 10}, {"c:1", 10}});
}

}  // namespace
}  // namespace naming::balancer
