// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_LOAD_H_
#define NAMING_BALANCER_LOAD_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "naming/balancer.h"

namespace naming::balancer {

// What the Loads of one Balancer share.
struct LoadSetting {
  // Null: latencies are not measured, and `cost` stays as it is.
  const base::Clock* clock = nullptr;

  // How fast what was learnt is forgotten: to 1/e in 1 / `per_decay` ns.
  float per_decay = 1 / 600e6F;
};

// The calls in flight to those Endpoints of one color that can be chosen.
struct alignas(64) Crowd {
  std::atomic<std::int64_t> in_flight{0};
};

// What a Balancer has learnt of one Endpoint. Several threads may write at
// once: then one sample of two may be lost, which doesn't matter.
//
// Thread-safe.
class alignas(64) Load final {
 public:
  // What an Endpoint costs of which nothing is known: more than any that has
  // answered within minutes.
  static constexpr float kUnknownCost = 2.5e11F;

  // `crowd` is what its calls are part of while it has joined; null: none.
  explicit Load(std::shared_ptr<LoadSetting> setting,
                std::shared_ptr<Crowd> crowd = nullptr)
      : setting_(std::move(setting)), crowd_(std::move(crowd)) {}

  std::int64_t in_flight() const {
    return in_flight_.load(std::memory_order_relaxed) / kCall;
  }

  const std::shared_ptr<Crowd>& crowd() const { return crowd_; }

  // Makes the calls in flight part of the crowd, or takes them out of it. For
  // one thread at a time.
  void Join();
  void Part();

  // Smaller is better: CPU × (√latency + 1) / success. Negative: the Endpoint
  // is unhealthy, and its absolute value is the cost.
  float cost() const { return cost_.load(std::memory_order_relaxed); }

  // Counts a call that starts at `now` (of the steady clock, in ns).
  void Begin(std::int64_t now) {
    CountInCrowd(in_flight_.fetch_add(kCall, std::memory_order_relaxed), 1);
    picked_at_.store(now, std::memory_order_relaxed);
  }

  // Whether no call has begun in the `gap` before `now`.
  bool IsOverdue(std::int64_t now, std::int64_t gap) const {
    return now - picked_at_.load(std::memory_order_relaxed) > gap;
  }

  // The same, but says so to one thread only.
  bool IsDue(std::int64_t now, std::int64_t gap) {
    std::int64_t picked_at = picked_at_.load(std::memory_order_relaxed);
    return now - picked_at > gap &&
           picked_at_.compare_exchange_strong(picked_at, now,
                                              std::memory_order_relaxed);
  }

  // Takes the outcome of a call that began at `start`. Returns its latency,
  // when that is known.
  std::optional<std::chrono::nanoseconds> End(const Outcome& outcome,
                                              std::int64_t start);

 private:
  // What one call counts; the bit below tells whether the Load has joined its
  // crowd, so that who counts a call knows whether Join() and Part() have
  // counted it.
  static constexpr std::int64_t kCall = 2;
  static constexpr std::int64_t kJoined = 1;

  void Learn(const Outcome& outcome, std::int64_t now, std::int64_t latency);

  void CountInCrowd(std::int64_t in_flight, std::int64_t calls) {
    if ((in_flight & kJoined) == 0) return;
    crowd_->in_flight.fetch_add(calls, std::memory_order_relaxed);
  }

  const std::shared_ptr<LoadSetting> setting_;  // Picks outlive Balancers.
  const std::shared_ptr<Crowd> crowd_;
  std::atomic<std::int64_t> in_flight_{0};
  std::atomic<std::int64_t> picked_at_{INT64_MIN / 2};
  std::atomic<std::int64_t> learnt_at_{0};
  std::atomic<float> cost_{kUnknownCost};
  std::atomic<float> latency_{0};  // In ns; zero: there was no sample.
  std::atomic<float> success_{1};  // A share.
  std::atomic<float> cpu_{500};    // In per mille.
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_LOAD_H_
