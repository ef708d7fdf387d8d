// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/p2c.h"

#include <chrono>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/balancer/fixture.h"

namespace naming::balancer {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Result = Outcome::Result;

// Makes calls on a fake clock: each takes as long as `latency_of` says of its
// address; they arrive at random times, `gap` apart in the mean.
class P2cCalls final {
 public:
  using LatencyOf = std::function<microseconds(const std::string&)>;

  explicit P2cCalls(P2c& balancer, testing::FakeClock& clock)
      : balancer_(balancer), clock_(clock) {}

  std::map<std::string, int> Run(int calls, microseconds gap,
                                 const LatencyOf& latency_of) {
    std::map<std::string, int> counts;
    std::exponential_distribution<double> distribution(
        1.0 / static_cast<double>(gap.count()));
    for (int i = 0; i < calls; ++i) {
      const microseconds next =
          now_ + microseconds(static_cast<int>(distribution(random_)));
      EndCalls(next);
      MoveTo(next);
      Pick pick = balancer_.Choose().value();
      const std::string& address = pick.endpoint().address;
      ++counts[address];
      calls_.emplace(now_ + latency_of(address), std::move(pick));
    }
    return counts;
  }

 private:
  void EndCalls(microseconds until) {
    while (!calls_.empty() && calls_.begin()->first <= until) {
      MoveTo(calls_.begin()->first);
      calls_.begin()->second.Done(Outcome());
      calls_.erase(calls_.begin());
    }
  }

  void MoveTo(microseconds time) {
    clock_.Advance(time - now_);
    now_ = time;
  }

  P2c& balancer_;
  testing::FakeClock& clock_;
  microseconds now_{0};
  std::multimap<microseconds, Pick> calls_;  // By when they end.
  std::minstd_rand random_{1};
};

TEST_CASE("An endpoint that is ten times slower gets little", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(10));
  P2cCalls calls(balancer, clock);
  const auto latency_of = [](const std::string& address) {
    return address == "e3:1" ? milliseconds(10) : milliseconds(1);
  };
  calls.Run(2000, microseconds(250), latency_of);
  auto counts = calls.Run(50'000, microseconds(250), latency_of);
  CAPTURE(counts["e3:1"]);
  CHECK(counts["e3:1"] > 0);  // It is still tried.
  CHECK(counts["e3:1"] < 50'000 / 10 * 20 / 100);
}

TEST_CASE("One of four that is 5 ms slower gets less than 1.5 %", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(4));
  P2cCalls calls(balancer, clock);
  const auto latency_of = [](const std::string& address) {
    return address == "e1:1" ? microseconds(5300) : microseconds(300);
  };
  // 4,000 calls a second, from the very start.
  auto counts = calls.Run(40'000, microseconds(250), latency_of);
  CAPTURE(counts["e1:1"]);
  CHECK(counts["e1:1"] < 40'000 * 15 / 1000);
  for (const char* fast : {"e0:1", "e2:1", "e3:1"}) {
    CAPTURE(fast, counts[fast]);
    CHECK(counts[fast] > 40'000 / 4);
  }
}

TEST_CASE("An endpoint that recovers gets its share back", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(4));
  P2cCalls calls(balancer, clock);
  calls.Run(20'000, microseconds(250), [](const std::string& address) {
    return address == "e1:1" ? milliseconds(20) : milliseconds(1);
  });
  const auto alike = [](const std::string&) { return milliseconds(1); };
  calls.Run(20'000, microseconds(250), alike);
  auto counts = calls.Run(20'000, microseconds(250), alike);
  CHECK(counts["e1:1"] > 20'000 / 4 / 2);
}

// Picks one after another, each with `outcome_of` its address.
std::map<std::string, int> PickInTurn(
    P2c& balancer, testing::FakeClock& clock, int picks,
    const std::function<Outcome(const std::string&)>& outcome_of) {
  std::map<std::string, int> counts;
  for (int i = 0; i < picks; ++i) {
    Pick pick = balancer.Choose().value();
    ++counts[pick.endpoint().address];
    clock.Advance(milliseconds(1));
    pick.Done(outcome_of(pick.endpoint().address));
  }
  return counts;
}

TEST_CASE("An endpoint that fails is avoided, time-outs included", "[p2c]") {
  const Result how = GENERATE(Result::kFailure, Result::kTimeout);
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(3));
  auto counts =
      PickInTurn(balancer, clock, 9000, [how](const std::string& address) {
        Outcome outcome;
        if (address == "e0:1") outcome.result = how;
        return outcome;
      });
  CHECK(counts["e0:1"] < 9000 / 3 / 20);
}

TEST_CASE("Cancelled calls say nothing about an endpoint", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(3));
  const auto success = [](const std::string&) { return Outcome(); };
  PickInTurn(balancer, clock, 300, success);
  auto counts =
      PickInTurn(balancer, clock, 9000, [](const std::string& address) {
        Outcome outcome;
        if (address == "e0:1") {
          outcome.result = Result::kCancelled;
        }
        return outcome;
      });
  CHECK(counts["e0:1"] > 9000 / 3 / 2);
}

TEST_CASE("A server that says it is loaded gets less", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(3));
  auto counts =
      PickInTurn(balancer, clock, 9000, [](const std::string& address) {
        Outcome outcome;
        outcome.cpu = address == "e0:1" ? 800 : 200;
        return outcome;
      });
  CHECK(counts["e0:1"] < 9000 / 3 / 2);
}

TEST_CASE("Latencies that no call can have do no harm", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(2));
  const auto latency = GENERATE(std::chrono::nanoseconds::max(),
                                std::chrono::nanoseconds::min());
  const auto outcome_of = [latency](const std::string& address) {
    Outcome outcome;
    outcome.latency = address == "e0:1" ? latency : milliseconds(1);
    return outcome;
  };
  PickInTurn(balancer, clock, 1000, outcome_of);
  auto counts = PickInTurn(balancer, clock, 10'000, outcome_of);
  if (latency > seconds(1)) {
    CHECK(counts["e0:1"] <= 4);  // It is tried each 3 s.
  } else {
    CHECK(counts["e0:1"] > counts["e1:1"]);
  }
}

TEST_CASE("Weight counts", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update({Make("a:1", 10), Make("b:1", 30)});
  std::vector<Pick> in_flight;
  std::map<std::string, int> counts;
  for (int i = 0; i < 400; ++i) {
    in_flight.push_back(balancer.Choose().value());
    ++counts[in_flight.back().endpoint().address];
  }
  CHECK(counts["a:1"] < 110);
  CHECK(counts["a:1"] > 90);
}

TEST_CASE("An endpoint without calls is tried every three seconds", "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(2));
  const auto outcome_of = [](const std::string& address) {
    Outcome outcome;
    outcome.latency =
        address == "e0:1" ? std::chrono::seconds(10) : milliseconds(1);
    return outcome;
  };
  PickInTurn(balancer, clock, 10, outcome_of);
  // 10 s, in steps of 1 ms.
  auto counts = PickInTurn(balancer, clock, 10'000, outcome_of);
  CHECK(counts["e0:1"] == 3);
}

TEST_CASE("An endpoint of which nothing is known is tried once, then waits",
          "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update({Make("a:1"), Make("b:1")});
  PickInTurn(balancer, clock, 100,
             [](const std::string&) { return Outcome(); });
  balancer.Update({Make("a:1"), Make("b:1"), Make("new:1")});
  // Its first call takes long: until it ends, nobody else is sent there.
  std::vector<Pick> to_new;
  for (int i = 0; i < 300; ++i) {
    Pick pick = balancer.Choose().value();
    if (pick.endpoint().address == "new:1") {
      to_new.push_back(std::move(pick));
    } else {
      clock.Advance(milliseconds(1));
      pick.Done(Outcome());
    }
  }
  CHECK(to_new.size() == 1);
}

TEST_CASE("What was learnt survives updates of others, weight and ejection",
          "[p2c]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  const auto outcome_of = [](const std::string& address) {
    Outcome outcome;
    outcome.latency = address == "slow:1" ? milliseconds(500) : milliseconds(1);
    return outcome;
  };
  balancer.Update({Make("slow:1"), Make("a:1")});
  PickInTurn(balancer, clock, 100, outcome_of);
  std::vector<Candidate> candidates(3);
  candidates[0].endpoint = Make("b:1");
  candidates[1].endpoint = Make("slow:1", 11);
  candidates[1].is_ejected = true;
  candidates[2].endpoint = Make("a:1");
  balancer.UpdateCandidates(candidates);
  candidates[1].is_ejected = false;
  balancer.UpdateCandidates(candidates);
  auto counts = PickInTurn(balancer, clock, 500, outcome_of);
  CHECK(counts["slow:1"] == 0);
}

}  // namespace
}  // namespace naming::balancer
