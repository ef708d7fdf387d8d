// SPDX-License-Identifier: Apache-2.0
// What the lanes of a Load know of one another.

#include "balancer/load.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::balancer {
namespace {

using std::chrono::milliseconds;
using Result = Outcome::Result;

constexpr std::int64_t kMicrosecond = 1000;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 3600 * kSecond;
constexpr std::int64_t kAge = MaxAge(1);

std::shared_ptr<LoadSetting> Measuring(const base::Clock& clock) {
  auto setting = std::make_shared<LoadSetting>();
  setting->clock = &clock;
  return setting;
}

Moment At(std::size_t lane, std::int64_t now) { return {lane, now, kAge}; }

Outcome Took(milliseconds latency, Result result = Result::kSuccess) {
  Outcome outcome;
  outcome.latency = latency;
  outcome.result = result;
  return outcome;
}

TEST_CASE("A lane knows its own calls at once, others' a moment later",
          "[load]") {
  Load load(std::make_shared<LoadSetting>());
  CHECK(load.Look(At(1, kStart)).in_flight == 0);
  load.Begin(At(0, kStart));
  load.Begin(At(0, kStart));
  CHECK(load.Look(At(0, kStart)).in_flight == 2);
  CHECK(load.Look(At(1, kStart + kAge)).in_flight == 0);
  CHECK(load.Look(At(1, kStart + kAge + 1)).in_flight == 2);
  // One that is new knows all.
  CHECK(load.Look(At(2, kStart)).in_flight == 2);
  CHECK(load.Peek().in_flight == 2);
}

TEST_CASE("A call may end in another lane than it began in", "[load]") {
  Load load(std::make_shared<LoadSetting>());
  constexpr int kCalls = 1000;
  for (int i = 0; i < kCalls; ++i) load.Begin(At(0, kStart));
  CHECK(load.Look(At(1, kStart)).in_flight == kCalls);
  for (int i = 0; i < kCalls; ++i) {
    load.End(Outcome(), kStart, 1 + static_cast<std::size_t>(i) % 7);
  }
  // Nobody believes in less than none, whoever ended how many.
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    CAPTURE(lane);
    CHECK(load.Look(At(lane, kStart)).in_flight >= 0);
  }
  CHECK(load.Peek().in_flight == 0);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    CAPTURE(lane);
    CHECK(load.Look(At(lane, kStart + kSecond)).in_flight == 0);
  }
}

TEST_CASE("A lane that has less than none in flight shows none", "[load]") {
  Load load(std::make_shared<LoadSetting>());
  load.Look(At(1, kStart));
  load.Begin(At(0, kStart));
  load.Begin(At(0, kStart));
  load.End(Outcome(), kStart, 1);
  load.End(Outcome(), kStart, 1);
  CHECK(load.Look(At(1, kStart)).in_flight == 0);
}

TEST_CASE("A clock that jumps back has a lane pull", "[load]") {
  Load load(std::make_shared<LoadSetting>());
  load.Look(At(1, kStart));
  load.Begin(At(0, kStart));
  CHECK(load.Look(At(1, kStart - kSecond)).in_flight == 1);
}

TEST_CASE("What one lane has learnt, others know a moment later", "[load]") {
  testing::FakeClock clock;
  Load load(Measuring(clock));
  CHECK(load.Look(At(1, kStart)).cost == Load::kUnknownCost);
  load.Begin(At(0, kStart));
  load.End(Took(milliseconds(4)), kStart, 0);
  const float cost = load.Look(At(0, kStart)).cost;
  CHECK(cost < Load::kUnknownCost);
  const std::int64_t later = kStart + 5 * kMillisecond;
  CHECK(load.Look(At(1, later)).cost == cost);
  CHECK(load.Peek().cost == cost);
  CHECK(load.Peek(2, 1).cost == cost);  // That lane isn't used.
}

TEST_CASE("A lane learns on top of what others have learnt", "[load]") {
  testing::FakeClock clock;
  Load load(Measuring(clock));
  for (int i = 0; i < 100; ++i) {
    const std::int64_t now = kStart + i * kMillisecond;
    load.Begin(At(0, now));
    load.End(Took(milliseconds(1)), now, 0);
  }
  // One failure that ends in a lane which has never seen the Endpoint.
  const std::int64_t now = kStart + 100 * kMillisecond;
  load.Begin(At(0, now));
  load.End(Took(milliseconds(1), Result::kFailure), now, 3);
  const Load::Seen seen = load.Look(At(0, now + kMillisecond + kAge));
  CHECK(seen.cost > 0);  // It is healthy still.
  CHECK(seen.cost < 1.1F * 500 * (std::sqrt(1e6F) + 1));
}

TEST_CASE("What a caller claims of the future stays in its lane", "[load]") {
  testing::FakeClock clock;
  Load load(Measuring(clock));
  load.Begin(At(0, kStart));
  load.End(Took(std::chrono::hours(20)), kStart, 0);
  load.Begin(At(1, kStart));
  load.End(Took(milliseconds(1)), kStart, 1);
  const std::int64_t now = kStart + kSecond;
  CHECK(load.Look(At(1, now)).cost < load.Look(At(0, now)).cost);
}

TEST_CASE("One lane of several gets the probe, and not soon again", "[load]") {
  testing::FakeClock clock;
  Load load(Measuring(clock));
  constexpr std::int64_t kGap = 3 * kSecond;
  const auto take = [&load](std::size_t lane, std::int64_t now) {
    load.Look(At(lane, now));
    return load.IsOverdue(At(lane, now), kGap) &&
           load.TakeProbe(At(lane, now), kGap);
  };
  CHECK(take(0, kStart));
  CHECK_FALSE(take(1, kStart));
  CHECK_FALSE(take(2, kStart + kGap));
  CHECK(take(2, kStart + kGap + 1));
  SECTION("nor when another lane has called since") {
    load.Begin(At(5, kStart + 2 * kGap));
    CHECK_FALSE(take(1, kStart + 2 * kGap + 2));
    // Though the lane itself hasn't pulled yet.
    load.Look(At(6, kStart + 3 * kGap + 2));
    load.Begin(At(5, kStart + 3 * kGap + 3));
    CHECK_FALSE(take(6, kStart + 3 * kGap + 4));
  }
}

TEST_CASE("The crowd counts the calls of all lanes of those who joined",
          "[load]") {
  const auto crowd = std::make_shared<Crowd>();
  auto load = std::make_unique<Load>(std::make_shared<LoadSetting>(), crowd);
  load->Begin(At(0, kStart));
  CHECK(crowd->Count() == 0);
  load->Join();
  load->Join();
  CHECK(crowd->Count() == 1);
  load->Begin(At(1, kStart));  // A lane that is made after that.
  load->Begin(At(0, kStart));
  CHECK(crowd->Count() == 3);
  load->Part();
  load->Part();
  CHECK(crowd->Count() == 0);
  load->End(Outcome(), kStart, 4);
  CHECK(crowd->Count() == 0);
  load->Join();
  CHECK(crowd->Count() == 2);
  load->End(Outcome(), kStart, 5);
  load->End(Outcome(), kStart, 6);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    CAPTURE(lane);
    CHECK(crowd->Look(At(lane, kStart)) == 0);
  }
}

TEST_CASE("A lane knows its own part of the crowd at once", "[load]") {
  Crowd crowd;
  CHECK(crowd.Look(At(1, kStart)) == 0);
  crowd.Add(0, 5);
  crowd.Add(1, 2);
  CHECK(crowd.Look(At(1, kStart + kAge)) == 2);
  CHECK(crowd.Look(At(1, kStart + kAge + kMicrosecond)) == 7);
}

TEST_CASE("Threads that call, join and part leave nothing in flight",
          "[load]") {
  constexpr int kThreads = 4;
  constexpr int kCalls = 2000;
  const auto crowd = std::make_shared<Crowd>();
  std::vector<std::unique_ptr<Load>> loads;
  for (int i = 0; i < 50; ++i) {
    loads.push_back(
        std::make_unique<Load>(std::make_shared<LoadSetting>(), crowd));
  }
  std::atomic<bool> is_over{false};
  std::thread updater([&] {
    while (!is_over) {
      for (const auto& load : loads) load->Join();
      for (const auto& load : loads) load->Part();
    }
  });
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&loads, t] {
      for (std::size_t i = 0; i < kCalls; ++i) {
        Load& load = *loads[i % loads.size()];
        const Moment moment = At((t + i) % 3, kStart);  // Lanes are shared.
        load.Begin(moment);
        load.End(Outcome(), kStart, (moment.lane + t) % kLanes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  is_over = true;
  updater.join();
  CHECK(crowd->Count() == 0);
  for (const auto& load : loads) {
    load->Join();
    REQUIRE(load->Peek().in_flight == 0);
  }
  CHECK(crowd->Count() == 0);
}

}  // namespace
}  // namespace naming::balancer
