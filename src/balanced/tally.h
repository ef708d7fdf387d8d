// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_TALLY_H_
#define NAMING_BALANCED_TALLY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "balanced/alarm.h"
#include "balancer/lane.h"
#include "naming/balancer.h"

namespace naming::balanced {

// Counts the outcomes of the calls to one Endpoint. A success costs an
// addition, on a cache line that few threads share, and a look.
//
// Thread-safe.
class alignas(64) Tally final : public OutcomeObserver {
 public:
  // Rings `alarm` when a row of failures reaches `alarming`, zero: never; with
  // `wakes`, also for a failure when nobody watches rates yet.
  Tally(std::shared_ptr<Alarm> alarm, std::uint32_t alarming, bool wakes)
      : alarm_(std::move(alarm)), alarming_(alarming), wakes_(wakes) {}

  void OnOutcome(const Outcome& outcome) override {
    if (outcome.result == Outcome::Result::kCancelled) return;
    if (outcome.is_failure()) return OnFailure();
    successes_[balancer::OwnLane() % kLines].count.fetch_add(
        1, std::memory_order_relaxed);
    if (row_.load(std::memory_order_relaxed) != 0) {
      row_.store(0, std::memory_order_relaxed);
    }
  }

  std::uint64_t successes() const {
    std::uint64_t sum = 0;
    for (const Line& line : successes_) {
      sum += line.count.load(std::memory_order_relaxed);
    }
    return sum;
  }
  std::uint64_t failures() const {
    return failures_.load(std::memory_order_relaxed);
  }

  // The failures since the last success.
  std::uint32_t row() const { return row_.load(std::memory_order_relaxed); }

  void ForgetRow() { row_.store(0, std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kLines = 4;

  struct alignas(64) Line {
    std::atomic<std::uint64_t> count{0};
  };

  void OnFailure() {
    failures_.fetch_add(1, std::memory_order_relaxed);
    const std::uint32_t row = row_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (row == alarming_) return alarm_->Ring();
    if (wakes_) alarm_->RingForFailure();
  }

  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint32_t> row_{0};
  const std::shared_ptr<Alarm> alarm_;
  const std::uint32_t alarming_;
  const bool wakes_;
  Line successes_[kLines];
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_TALLY_H_
