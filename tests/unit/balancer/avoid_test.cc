// SPDX-License-Identifier: Apache-2.0
// Who gets the calls that avoid an endpoint.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/balancer/fixture.h"

namespace naming::balancer {
namespace {

using std::chrono::milliseconds;
using Counts = std::map<std::string, int>;

PickOptions Avoiding(std::vector<std::string> addresses) {
  PickOptions options;
  options.avoid = std::move(addresses);
  return options;
}

TEST_CASE("What avoids an endpoint goes to the others by weight", "[avoid]") {
  std::unique_ptr<Balancer> balancer;
  const Options seeded{"", 1};
  const int weight_of_avoided = GENERATE(100, 10'000);
  SECTION("by turns") {
    balancer = std::make_unique<WeightedRoundRobin>(seeded);
  }
  SECTION("at random") { balancer = std::make_unique<WeightedRandom>(seeded); }
  SECTION("by key") {
    ConsistentHashOptions options;
    options.max_load = 0;
    balancer = std::make_unique<ConsistentHash>(options);
  }
  balancer->Update(
      {Make("a:1", weight_of_avoided), Make("b:1", 1), Make("c:1", 100)});
  Counts counts = Count(*balancer, 20'000, Avoiding({"a:1"}));
  CHECK(counts["a:1"] == 0);
  CHECK(counts["b:1"] < 20'000 * 3 / 100);
}

TEST_CASE("What avoids an endpoint goes to the others alike", "[avoid]") {
  std::unique_ptr<Balancer> balancer;
  const Options seeded{"", 1};
  SECTION("by turns") { balancer = std::make_unique<RoundRobin>(seeded); }
  SECTION("at random") { balancer = std::make_unique<Random>(seeded); }
  SECTION("to the least loaded") {
    balancer = std::make_unique<LeastRequests>(seeded);
  }
  balancer->Update(MakeMany(10));
  // More of them than are asked for again.
  std::vector<std::string> avoided;
  for (int i = 0; i < 7; ++i) {
    avoided.push_back("e" + std::to_string(i) + ":1");
  }
  const Counts counts = Count(*balancer, 9000, Avoiding(avoided));
  REQUIRE(counts.size() == 3);
  for (const auto& [address, count] : counts) {
    CAPTURE(address, count);
    CHECK(std::abs(count - 3000) < 300);
  }
}

// A P2c over `count` endpoints, of which e1 fails; picked from long enough for
// that to be known.
class Failing final {
 public:
  explicit Failing(int count) : balancer(SeededP2c(), clock) {
    balancer.Update(MakeMany(count));
    for (int i = 0; i < 2000; ++i) Call({});
  }

  std::string Call(const PickOptions& options) {
    Pick pick = balancer.Choose(options).value();
    const std::string address = pick.endpoint().address;
    clock.Advance(milliseconds(1));
    Outcome outcome;
    if (address == "e1:1") outcome.result = Outcome::Result::kTimeout;
    pick.Done(outcome);
    return address;
  }

  testing::FakeClock clock;
  P2c balancer;
};

TEST_CASE("What avoids an endpoint isn't sent to one that fails", "[avoid]") {
  const int count = GENERATE(3, 10);
  CAPTURE(count);
  Failing failing(count);
  const PickOptions options = Avoiding({"e0:1"});
  int bad = 0;
  for (int i = 0; i < 2900; ++i) {
    bad += failing.Call(options) == "e1:1" ? 1 : 0;
  }
  CHECK(bad <= 1);  // It may have its one call each 3 s.
}

TEST_CASE("A call that avoids an endpoint doesn't use up its trial",
          "[avoid]") {
  Failing failing(2);
  failing.clock.Advance(std::chrono::seconds(4));
  for (int i = 0; i < 10; ++i) {
    CHECK(failing.Call(Avoiding({"e1:1"})) == "e0:1");
  }
  CHECK(failing.Call({}) == "e1:1");
}

TEST_CASE("Keys of an endpoint that is avoided spread over the others",
          "[avoid]") {
  ConsistentHash balancer;
  balancer.Update(MakeMany(10));
  std::vector<std::uint64_t> keys;
  PickOptions options;
  for (std::uint64_t key = 0; keys.size() < 1000; ++key) {
    options.hash_key = key;
    if (balancer.Peek(options)->address == "e3:1") keys.push_back(key);
  }
  options.avoid = {"e3:1"};
  Counts unloaded;
  Counts counts;
  std::vector<Pick> in_flight;
  for (const std::uint64_t key : keys) {
    options.hash_key = key;
    in_flight.push_back(balancer.Choose(options).value());
    const int own = ++counts[in_flight.back().endpoint().address];
    const double all = static_cast<double>(in_flight.size());
    REQUIRE(own <= std::ceil(1.25 * all / 10));
  }
  CHECK(counts.count("e3:1") == 0);
  CHECK(counts.size() == 9);
  in_flight.clear();
  for (const std::uint64_t key : keys) {
    options.hash_key = key;
    ++unloaded[ChooseOne(balancer, options)];
  }
  // Without load, too: a ninth each.
  CHECK(unloaded.size() == 9);
  for (const auto& [address, count] : unloaded) {
    CAPTURE(address, count);
    CHECK(count < 1000 / 9 * 2);
  }
  // The same each time.
  options.hash_key = keys[0];
  CHECK(ChooseOne(balancer, options) == ChooseOne(balancer, options));
}

}  // namespace
}  // namespace naming::balancer
