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

  // Whether the calls in flight to all Endpoints together are counted.
  bool counts_all = false;
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

  explicit Load(std::shared_ptr<LoadSetting> setting)
      : setting_(std::move(setting)) {}

  std::int64_t in_flight() const {
    return in_flight_.load(std::memory_order_relaxed);
  }

  // Smaller is better: CPU × (√latency + 1) / success. Negative: the Endpoint
  // is unhealthy, and its absolute value is the cost.
  float cost() const { return cost_.load(std::memory_order_relaxed); }

  // Counts a call that starts at `now` (of the steady clock, in ns).
  void Begin(std::int64_t now) {
    in_flight_.fetch_add(1, std::memory_order_relaxed);
    if (setting_->counts_all) {
      setting_->in_flight.fetch_add(1, std::memory_order_relaxed);
    }
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
  void Learn(const Outcome& outcome, std::int64_t now, std::int64_t latency);

  const std::shared_ptr<LoadSetting> setting_;  // Picks outlive Balancers.
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
