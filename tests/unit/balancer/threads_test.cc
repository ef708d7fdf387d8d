// SPDX-License-Identifier: Apache-2.0
// Balancers that are updated while threads pick.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/unit/balancer/fixture.h"

namespace naming::balancer {
namespace {

constexpr int kSlots = 8;

// The Endpoint of `slot` in its `version`-th life: both are in its address.
Endpoint MakeVersion(int slot, int version) {
  return Make("s" + std::to_string(slot) + ":" + std::to_string(version));
}

// Picks, and checks that what it is given had not left before it asked.
class Picker final {
 public:
  Picker(Balancer& balancer, const std::atomic<int>& oldest)
      : thread_([this, &balancer, &oldest] {
          for (std::uint64_t key = 0; !is_over_; ++key) {
            PickOptions options;
            options.hash_key = key;
            const int allowed = oldest;
            if (key % 2 == 0) {
              const PickRef ref = balancer.Peek(options);
              Check(*ref, allowed);
            } else {
              Pick pick = balancer.Choose(options).value();
              Check(pick.endpoint(), allowed);
              if (key % 3 == 0) pick.Done(Outcome());
              // Some are kept over updates.
              if (key % 16 == 1) kept_.push_back(std::move(pick));
              if (kept_.size() > 12) kept_.clear();
            }
            ++picks_;
          }
        }) {}
  ~Picker() { Stop(); }

  void Stop() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }

  int picks() const { return picks_; }
  int mistakes() const { return mistakes_; }

 private:
  void Check(const Endpoint& endpoint, int allowed) {
    const std::string version =
        endpoint.address.substr(endpoint.address.find(':') + 1);
    if (std::stoi(version) < allowed) ++mistakes_;
    if (endpoint.instance->hostname != "at " + endpoint.address) ++mistakes_;
  }

  std::atomic<bool> is_over_{false};
  std::atomic<int> picks_{0};
  std::atomic<int> mistakes_{0};
  std::vector<Pick> kept_;
  std::thread thread_;
};

// All endpoints of update v are of version v, but one, which stays.
void UpdateTo(Balancer& balancer, int version) {
  std::vector<Endpoint> endpoints;
  for (int slot = 0; slot < kSlots; ++slot) {
    endpoints.push_back(MakeVersion(slot, version));
  }
  balancer.Update(std::move(endpoints));
}

TEST_CASE("What left before is never picked, while updates go on",
          "[balancer]") {
  constexpr int kUpdates = 150;
  const int kind = GENERATE(range(0, kKinds));
  const auto balancer = std::move(MakeEach()[kind]);
  UpdateTo(*balancer, 1);
  std::atomic<int> oldest{1};
  std::vector<std::unique_ptr<Picker>> pickers;
  for (int i = 0; i < 4; ++i) {
    pickers.push_back(std::make_unique<Picker>(*balancer, oldest));
  }
  for (const auto& picker : pickers) {
    REQUIRE(testing::Eventually([&picker] { return picker->picks() > 0; }));
  }
  // As fast as they go: a thousand a second and more.
  for (int version = 2; version < kUpdates; ++version) {
    UpdateTo(*balancer, version);
    oldest = version;
  }
  for (const auto& picker : pickers) {
    picker->Stop();
    CHECK(picker->mistakes() == 0);
  }
}

TEST_CASE("A thread that has picked once and idles keeps nothing alive",
          "[balancer]") {
  const int kind = GENERATE(range(0, kKinds));
  const auto balancer = std::move(MakeEach()[kind]);
  Endpoint endpoint = Make("a:1");
  const std::weak_ptr<const Instance> instance = endpoint.instance;
  balancer->Update({std::move(endpoint)});
  std::atomic<bool> has_picked{false};
  std::atomic<bool> is_over{false};
  std::thread idle([&] {
    { const PickRef ref = balancer->Peek(); }
    { const Pick pick = balancer->Choose().value(); }
    has_picked = true;
    while (!is_over) std::this_thread::yield();
  });
  const bool did_pick = testing::Eventually([&] { return has_picked.load(); });
  balancer->Update({Make("b:1")});
  const bool is_freed = instance.expired();
  is_over = true;
  idle.join();
  CHECK(did_pick);
  CHECK(is_freed);
}

TEST_CASE("Ten thousand balancers and two hundred threads are not too many",
          "[balancer]") {
  constexpr int kBalancers = 10'000;
  constexpr int kThreads = 200;
  std::vector<std::unique_ptr<RoundRobin>> balancers;
  for (int i = 0; i < kBalancers; ++i) {
    balancers.push_back(std::make_unique<RoundRobin>());
    balancers.back()->Update({MakeVersion(0, i)});
  }
  std::atomic<int> mistakes{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&balancers, &mistakes, t] {
      for (int i = t; i < kBalancers; i += 97) {
        const PickRef ref = balancers[static_cast<std::size_t>(i)]->Peek();
        if (ref->address != "s0:" + std::to_string(i)) ++mistakes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(mistakes == 0);
}

TEST_CASE("A pick may end on another thread, after its endpoint has left",
          "[balancer]") {
  const int kind = GENERATE(range(0, kKinds));
  const auto balancer = std::move(MakeEach()[kind]);
  Endpoint endpoint = Make("a:1");
  const std::weak_ptr<const Instance> instance = endpoint.instance;
  balancer->Update({std::move(endpoint)});
  Pick pick = balancer->Choose().value();
  std::thread other([pick = std::move(pick), &balancer]() mutable {
    balancer->Update({});
    pick.Done(Outcome());
    const Pick ended = std::move(pick);
  });
  other.join();
  CHECK(instance.expired());
}

}  // namespace
}  // namespace naming::balancer
