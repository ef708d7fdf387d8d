// SPDX-License-Identifier: Apache-2.0
// Measures what a pick costs its caller, and an update the library:
//
//   bench-pick [--quick]
//
// Cases are named after the balancers, `balanced` is a Balanced with its
// default one: alone it is a choice by reference, with
// `_owning` one that owns its endpoint, with `_done` one that is told its
// outcome; `_update` changes one of n endpoints, `_after_update` is the first
// choice after that. The floor of a choice is a thread-local counter into a
// plain array, behind a call as any library's; that of an update, a copy of the
// list of pointers. Ours and the floor alternate; the best of all rounds
// counts, as other work only ever disturbs.

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "naming/balanced.h"
#include "naming/balancer.h"
#include "naming/balancer/consistent_hash.h"
#include "naming/balancer/least_requests.h"
#include "naming/balancer/p2c.h"
#include "naming/balancer/random.h"
#include "naming/balancer/round_robin.h"
#include "naming/balancer/weighted_random.h"
#include "naming/balancer/weighted_round_robin.h"
#include "naming/direct/client.h"
#include "tests/benchmark/report.h"

namespace naming::benchmark {
namespace {

struct Scale {
  int rounds = 25;
  int picks = 50'000;
  int updates = 200;
};

constexpr double kNever = std::numeric_limits<double>::max();

// Time that this thread has run: waiting for a processor doesn't count.
double ThreadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 +
         static_cast<double>(now.tv_nsec);
}

double WallNanoseconds() {
  return static_cast<double>(
      std::chrono::steady_clock::now().time_since_epoch().count());
}

template <class T>
void Use(const T* pointer) {
  asm volatile("" : : "r"(pointer) : "memory");
}

std::vector<Endpoint> MakeEndpoints(int n) {
  std::vector<Endpoint> endpoints;
  for (int i = 0; i < n; ++i) {
    auto instance = std::make_shared<Instance>();
    instance->hostname = absl::StrFormat("host-%d", i);
    instance->metadata["weight"] = std::to_string(1 + i % 20);
    endpoints.push_back(
        Endpoint::Create(
            absl::StrFormat("grpc://10.0.%d.%d:9000", i / 250, i % 250),
            std::move(instance))
            .value());
  }
  return endpoints;
}

class Floor final {
 public:
  explicit Floor(int n) : endpoints_(MakeEndpoints(n)) {
    for (const Endpoint& endpoint : endpoints_) array_.push_back(&endpoint);
  }

  [[gnu::noinline]] const Endpoint* Pick() const {
    static thread_local std::size_t counter = 0;
    std::size_t i = counter;
    if (i >= array_.size()) i = 0;
    counter = i + 1;
    return array_[i];
  }

 private:
  const std::vector<Endpoint> endpoints_;
  std::vector<const Endpoint*> array_;
};

// Returns ns for each call of `one`.
template <class One>
double Time(int count, const One& one) {
  const double begin = ThreadNanoseconds();
  for (int i = 0; i < count; ++i) one(i);
  return (ThreadNanoseconds() - begin) / count;
}

// What the best round took, in ns for one choice.
struct Best {
  double value = kNever;
  double floor = kNever;
};

template <class One>
Best MeasureOnThread(const Scale& scale, const Floor& floor, const One& one,
                     std::atomic<int>& ready, int threads) {
  Best best;
  for (int round = 0; round < scale.rounds; ++round) {
    // All threads begin a round together.
    ++ready;
    while (ready.load() < threads * (round + 1)) std::this_thread::yield();
    best.value = std::min(best.value, Time(scale.picks, one));
    best.floor = std::min(
        best.floor, Time(scale.picks, [&floor](int) { Use(floor.Pick()); }));
  }
  return best;
}

template <class One>
void Measure(const Scale& scale, const std::string& name, int n, int threads,
             const One& one) {
  const Floor floor(n);
  std::vector<Best> bests(static_cast<std::size_t>(threads));
  std::atomic<int> ready{0};
  std::vector<std::thread> running;
  for (Best& best : bests) {
    running.emplace_back(
        [&] { best = MeasureOnThread(scale, floor, one, ready, threads); });
  }
  for (std::thread& thread : running) thread.join();
  Best mean{0, 0};
  for (const Best& best : bests) {
    mean.value += best.value / threads;
    mean.floor += best.floor / threads;
  }
  Result result{"pick", name, n, "ns", mean.value, mean.floor};
  result.threads = threads;
  Print(result);
}

void MeasurePicks(const Scale& scale, const std::string& name,
                  Balancer& balancer, int n, int threads) {
  balancer.Update(MakeEndpoints(n));
  const bool has_keys = name == "consistent_hash";
  const auto options_of = [has_keys](int i) {
    PickOptions options;
    if (has_keys) options.hash_key = static_cast<std::uint64_t>(i);
    return options;
  };
  // The options are made anew for each key, and not at all without.
  const auto peek = [&](int i) {
    if (has_keys) {
      const PickRef ref = balancer.Peek(options_of(i));
      Use(&*ref);
    } else {
      const PickRef ref = balancer.Peek();
      Use(&*ref);
    }
  };
  const auto choose = [&](int i) {
    return has_keys ? balancer.Choose(options_of(i)) : balancer.Choose();
  };
  Measure(scale, name, n, threads, peek);
  Measure(scale, name + "_owning", n, threads, [&](int i) {
    const auto pick = choose(i);
    Use(&pick->endpoint());
  });
  Measure(scale, name + "_done", n, threads, [&](int i) {
    auto pick = choose(i);
    Use(&pick->endpoint());
    pick->Done(Outcome());
  });
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// One of `n` endpoints leaves or comes, in turn.
void MeasureUpdates(const Scale& scale, const std::string& name,
                    Balancer& balancer, int n) {
  const std::vector<Endpoint> all = MakeEndpoints(n);
  std::vector<Endpoint> fewer = all;
  fewer.erase(fewer.begin() + n / 2);
  std::vector<std::shared_ptr<const Endpoint>> shared;
  for (const Endpoint& endpoint : all) {
    shared.push_back(std::make_shared<const Endpoint>(endpoint));
  }
  const Floor floor(n);
  std::vector<double> update;
  std::vector<double> update_floor;
  std::vector<double> pick;
  std::vector<double> pick_floor;
  balancer.Update(all);
  for (int i = 0; i < scale.updates; ++i) {
    std::vector<Endpoint> next = i % 2 == 0 ? fewer : all;
    const double t0 = WallNanoseconds();
    balancer.Update(std::move(next));
    const double t1 = WallNanoseconds();
    {
      const PickRef ref = balancer.Peek();
      Use(&*ref);
    }
    const double t2 = WallNanoseconds();
    auto copy = shared;
    Use(copy.data());
    copy.clear();
    const double t3 = WallNanoseconds();
    Use(floor.Pick());
    const double t4 = WallNanoseconds();
    update.push_back((t1 - t0) / 1000);
    pick.push_back(t2 - t1);
    update_floor.push_back((t3 - t2) / 1000);
    pick_floor.push_back(t4 - t3);
  }
  Print({"pick", name + "_update", n, "us", Median(update),
         Median(update_floor)});
  Print({"pick", name + "_after_update", n, "ns", Median(pick),
         Median(pick_floor)});
}

template <class Kind>
void MeasureBalancer(const Scale& scale, const std::string& name) {
  for (const int n : {10, 100, 1000}) {
    for (const int threads : {1, 2}) {
      Kind balancer;
      MeasurePicks(scale, name, balancer, n, threads);
    }
  }
  Kind balancer;
  MeasureUpdates(scale, name, balancer, 1000);
}

std::unique_ptr<Balanced> MakeBalanced(direct::Client& client, int n) {
  std::string list;
  for (const Endpoint& endpoint : MakeEndpoints(n)) {
    list += (list.empty() ? "" : ",") + endpoint.address;
  }
  BalancedOptions options;
  options.subset = 0;
  auto balanced =
      Balanced::Create(client, "direct:///" + list, std::move(options)).value();
  const absl::Status status = balanced->WaitReady(std::chrono::seconds(30));
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return balanced;
}

void MeasureBalanced(const Scale& scale) {
  const auto client = direct::Client::Create().value();
  for (const int n : {10, 100, 1000}) {
    for (const int threads : {1, 2}) {
      const auto balanced = MakeBalanced(*client, n);
      Measure(scale, "balanced", n, threads, [&](int) {
        const PickRef ref = balanced->Peek();
        Use(&*ref);
      });
      Measure(scale, "balanced_owning", n, threads, [&](int) {
        const auto pick = balanced->Pick();
        Use(&pick->endpoint());
      });
      Measure(scale, "balanced_done", n, threads, [&](int) {
        auto pick = balanced->Pick();
        Use(&pick->endpoint());
        pick->Done(Outcome());
      });
    }
  }
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) {
  using namespace naming::benchmark;  // NOLINT(google-build-using-namespace)
  namespace balancer = naming::balancer;
  Scale scale;
  if (argc == 2 && std::strcmp(argv[1], "--quick") == 0) {
    scale = Scale{1, 100, 4};
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
    return 2;
  }
  // Else it depends on what else is in the heap whether the lists of an update
  // are given back to the system, and each of their pages faults in the next.
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  MeasureBalancer<balancer::RoundRobin>(scale, "round_robin");
  MeasureBalancer<balancer::Random>(scale, "random");
  MeasureBalancer<balancer::WeightedRoundRobin>(scale, "weighted_round_robin");
  MeasureBalancer<balancer::WeightedRandom>(scale, "weighted_random");
  MeasureBalancer<balancer::LeastRequests>(scale, "least_requests");
  MeasureBalancer<balancer::P2c>(scale, "p2c");
  MeasureBalancer<balancer::ConsistentHash>(scale, "consistent_hash");
  MeasureBalanced(scale);
  return 0;
}
