// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_TALLY_H_
#define NAMING_BALANCED_TALLY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "balanced/alarm.h"
#include "naming/balancer.h"

namespace naming::balanced {

// Counts the outcomes of the calls to one Endpoint. A success costs an addition
// and two looks, on a cache line that the calls to this Endpoint alone share.
//
// Thread-safe.
class alignas(64) Tally final : public OutcomeObserver {
 public:
  // Rings `alarm` when a row of failures reaches `alarming`, zero: never; with
  // `wakes`, every failure has rates looked at, too.
  Tally(std::shared_ptr<Alarm> alarm, std::uint32_t alarming, bool wakes)
      : alarm_(std::move(alarm)), alarming_(alarming), wakes_(wakes) {}

  void OnOutcome(const Outcome& outcome) override {
    if (outcome.result == Outcome::Result::kCancelled) return;
    if (outcome.is_failure()) return OnFailure();
    successes_.fetch_add(1, std::memory_order_relaxed);
    if (row_.load(std::memory_order_relaxed) != 0) {
      row_.store(0, std::memory_order_relaxed);
    }
    alarm_->Check();
  }

  std::uint64_t successes() const {
    return successes_.load(std::memory_order_relaxed);
  }
  std::uint64_t failures() const {
    return failures_.load(std::memory_order_relaxed);
  }

  // The failures since the last success.
  std::uint32_t row() const { return row_.load(std::memory_order_relaxed); }

  void ForgetRow() { row_.store(0, std::memory_order_relaxed); }

 private:
  void OnFailure() {
    failures_.fetch_add(1, std::memory_order_relaxed);
    const std::uint32_t row = row_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (row == alarming_) return alarm_->Ring();
    if (wakes_) alarm_->Wake();
    alarm_->Check();
  }

  std::atomic<std::uint64_t> successes_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint32_t> row_{0};
  const std::shared_ptr<Alarm> alarm_;
  const std::uint32_t alarming_;
  const bool wakes_;
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_TALLY_H_
