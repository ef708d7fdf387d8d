// SPDX-License-Identifier: Apache-2.0
// How zones that a registry prescribes share the calls that are really made.

#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "naming/balancer/p2c.h"
#include "naming/balancer/weighted_round_robin.h"
#include "naming/schedule.h"
#include "naming/scheduler.h"
#include "naming/subset.h"
#include "tests/support/catch.h"
#include "tests/support/endpoints.h"
#include "tests/support/fake_clock.h"

namespace naming::balanced {
namespace {

using testing::MakeEndpoints;

constexpr int kPicks = 30'000;

// What is left of `a` and `b` endpoints in zones of 10 and 20, for a client
// that dials up to 50.
std::vector<Endpoint> Prescribed(int a, int b) {
  std::vector<Endpoint> endpoints = MakeEndpoints("a", a, "a");
  for (Endpoint& endpoint : MakeEndpoints("b", b, "b")) {
    endpoints.push_back(std::move(endpoint));
  }
  Schedule schedule;
  schedule.clients["a"] = {{"a", 10}, {"b", 20}};
  SubsetOptions options;
  options.size = 50;
  options.client_id = "me";
  return Join(
      SubsetOf(ScheduleZones(std::move(endpoints), schedule, "a"), options));
}

// Returns the part of the calls that zone b gets, `in_flight` of them at a
// time, each of which takes as long.
double ShareOfB(Balancer& balancer, testing::FakeClock& clock,
                std::size_t in_flight) {
  std::deque<Pick> calls;
  int to_b = 0;
  for (int i = 0; i < kPicks; ++i) {
    calls.push_back(balancer.Choose().value());
    to_b += calls.back().endpoint().zone == "b" ? 1 : 0;
    if (calls.size() < in_flight) continue;
    clock.Advance(std::chrono::milliseconds(1));
    Outcome outcome;
    outcome.latency = std::chrono::milliseconds(in_flight);
    calls.front().Done(outcome);
    calls.pop_front();
  }
  return static_cast<double>(to_b) / kPicks;
}

TEST_CASE("Zones of 10 and 20 get a third and two thirds of 30,000 calls",
          "[shares]") {
  const auto [a, b] = GENERATE(table<int, int>(
      {{1, 1}, {2, 1}, {3, 3}, {5, 1}, {1, 2}, {40, 10}, {100, 10}}));
  CAPTURE(a, b);
  const std::vector<Endpoint> endpoints = Prescribed(a, b);
  testing::FakeClock clock;
  SECTION("by turns") {
    balancer::WeightedRoundRobin balancer({"", 1});
    balancer.Update(endpoints);
    CHECK(std::abs(ShareOfB(balancer, clock, 1) - 2.0 / 3) < 0.05);
  }
  SECTION("by load, at eight in flight") {
    balancer::P2cOptions options;
    options.seed = 1;
    balancer::P2c balancer(options, clock);
    balancer.Update(endpoints);
    CHECK(std::abs(ShareOfB(balancer, clock, 8) - 2.0 / 3) < 0.05);
  }
}

}  // namespace
}  // namespace naming::balanced
