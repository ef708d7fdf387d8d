// SPDX-License-Identifier: Apache-2.0
// Balancers that go by load, on several threads that each have a lane.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/balancer/fixture.h"

namespace naming::balancer {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A thread that does what it is told, while who tells it waits.
class Worker final {
 public:
  Worker() : thread_([this] { Serve(); }) {}
  ~Worker() {
    Do(nullptr);
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // An empty `task` ends the thread.
  void Do(std::function<void()> task) {
    std::unique_lock<std::mutex> lock(mutex_);
    task_ = std::move(task);
    has_task_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !has_task_; });
  }

 private:
  void Serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (bool is_over = false; !is_over;) {
      changed_.wait(lock, [this] { return has_task_; });
      is_over = task_ == nullptr;
      if (!is_over) task_();
      has_task_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> task_;
  bool has_task_ = false;
  std::thread thread_;
};

// Makes calls that arrive at random times, each on the next of `workers`, and
// end on the one that is `shift` further.
class Simulation final {
 public:
  Simulation(P2c& balancer, testing::FakeClock& clock, std::size_t shift)
      : balancer_(balancer), clock_(clock), shift_(shift) {}

  template <class LatencyOf>
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
      const std::size_t worker = static_cast<std::size_t>(i) % kWorkers;
      workers_[worker].Do([&] {
        Pick pick = balancer_.Choose().value();
        const std::string& address = pick.endpoint().address;
        ++counts[address];
        calls_.emplace(now_ + latency_of(address),
                       Call{std::move(pick), (worker + shift_) % kWorkers});
      });
    }
    return counts;
  }

 private:
  static constexpr std::size_t kWorkers = 4;

  struct Call {
    Pick pick;
    std::size_t worker;
  };

  void EndCalls(microseconds until) {
    while (!calls_.empty() && calls_.begin()->first <= until) {
      MoveTo(calls_.begin()->first);
      Call& call = calls_.begin()->second;
      workers_[call.worker].Do([&call] { call.pick.Done(Outcome()); });
      calls_.erase(calls_.begin());
    }
  }

  void MoveTo(microseconds time) {
    clock_.Advance(time - now_);
    now_ = time;
  }

  P2c& balancer_;
  testing::FakeClock& clock_;
  const std::size_t shift_;
  microseconds now_{0};
  std::multimap<microseconds, Call> calls_;  // By when they end.
  std::minstd_rand random_{1};
  std::array<Worker, kWorkers> workers_;
};

TEST_CASE("Four threads give little to one that is ten times slower",
          "[lanes]") {
  const std::size_t shift = GENERATE(0U, 1U);
  CAPTURE(shift);
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(10));
  Simulation simulation(balancer, clock, shift);
  const auto latency_of = [](const std::string& address) {
    return address == "e3:1" ? milliseconds(10) : milliseconds(1);
  };
  simulation.Run(500, milliseconds(1), latency_of);
  auto counts = simulation.Run(8000, milliseconds(1), latency_of);
  CAPTURE(counts["e3:1"]);
  CHECK(counts["e3:1"] > 0);
  CHECK(counts["e3:1"] < 8000 / 10 * 20 / 100);
  for (const auto& [address, count] : counts) {
    CAPTURE(address, count);
    if (address != "e3:1") CHECK(count > 8000 / 10 / 2);
  }
}

TEST_CASE(
    "Four threads give less than 1.5 % to one of four that is 5 ms slower",
    "[lanes]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update(MakeMany(4));
  Simulation simulation(balancer, clock, 1);
  auto counts =
      simulation.Run(8000, microseconds(250), [](const std::string& address) {
        return address == "e1:1" ? microseconds(5300) : microseconds(300);
      });
  CAPTURE(counts["e1:1"]);
  CHECK(counts["e1:1"] < 8000 * 15 / 1000);
}

TEST_CASE("Of several threads one tries an endpoint that nothing is known of",
          "[lanes]") {
  testing::FakeClock clock;
  P2c balancer(SeededP2c(), clock);
  balancer.Update({Make("a:1"), Make("b:1")});
  std::array<Worker, 4> workers;
  std::map<std::string, int> counts;
  for (std::size_t i = 0; i < 400; ++i) {
    if (i == 200) {
      balancer.Update({Make("a:1"), Make("b:1"), Make("new:1")});
    }
    // Then the clock stands still: no lane is told before it asks.
    if (i < 200) clock.Advance(milliseconds(1));
    workers[i % workers.size()].Do([&] {
      Pick pick = balancer.Choose().value();
      ++counts[pick.endpoint().address];
      if (pick.endpoint().address == "new:1") return;
      pick.Done(Outcome());
    });
  }
  CHECK(counts["new:1"] == 1);
}

TEST_CASE("A thread that comes later knows the calls of others", "[lanes]") {
  LeastRequests balancer(Options{"", 1});
  balancer.Update({Make("a:1"), Make("b:1")});
  std::vector<Pick> in_flight;
  for (int i = 0; i < 100; ++i) {
    in_flight.push_back(balancer.Choose().value());
  }
  std::map<std::string, int> counts;
  Worker other;
  other.Do([&] {
    in_flight.erase(std::remove_if(in_flight.begin(), in_flight.end(),
                                   [](const Pick& pick) {
                                     return pick.endpoint().address == "a:1";
                                   }),
                    in_flight.end());
    for (int i = 0; i < 50; ++i) {
      in_flight.push_back(balancer.Choose().value());
      ++counts[in_flight.back().endpoint().address];
    }
  });
  CHECK(counts["a:1"] == 50);
}

TEST_CASE("The bound of consistent hashing holds over threads", "[lanes]") {
  ConsistentHash balancer;
  balancer.Update(MakeMany(3));
  PickOptions hot;
  hot.hash_key = 7;
  std::vector<Pick> in_flight;
  const auto fill = [&] {
    for (int i = 0; i < 300; ++i) {
      in_flight.push_back(balancer.Choose(hot).value());
    }
  };
  fill();
  const std::string home = in_flight[0].endpoint().address;
  {
    Worker other;
    other.Do(fill);
    std::map<std::string, int> counts;
    for (const Pick& pick : in_flight) ++counts[pick.endpoint().address];
    for (const auto& [address, count] : counts) {
      CAPTURE(address);
      CHECK(count <= std::ceil(1.25 * 600 / 3));
    }
    // All end on one thread, wherever they began.
    other.Do([&] { in_flight.clear(); });
    other.Do([&] {
      for (int i = 0; i < 10; ++i) {
        const Pick pick = balancer.Choose(hot).value();
        if (pick.endpoint().address != home) ++counts["elsewhere"];
      }
    });
    CHECK(counts["elsewhere"] == 0);
  }
}

}  // namespace
}  // namespace naming::balancer
