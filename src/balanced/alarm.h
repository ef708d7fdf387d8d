// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_ALARM_H_
#define NAMING_BALANCED_ALARM_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "base/clock.h"

namespace naming::balanced {

// Tells its listener when there is something to decide. It has no thread and no
// timer: the calls of the program carry it, each with one look at an atomic,
// and at the clock only while something is due. Without calls nobody can tell
// that nothing is decided.
//
// Thread-safe. Held by shared_ptr: by the outcomes that are still to come.
class Alarm final {
 public:
  class Listener {
   public:
    // Called on the thread that told of an outcome.
    virtual void OnAlarm() = 0;

   protected:
    ~Listener() = default;
  };

  static constexpr base::Clock::TimePoint kNever =
      base::Clock::TimePoint::max();

  Alarm(const base::Clock& clock, std::weak_ptr<Listener> listener)
      : clock_(clock), listener_(std::move(listener)) {}

  // Rings at the first Check() from `due` on.
  void Set(base::Clock::TimePoint due) {
    due_.store(due.time_since_epoch().count(), std::memory_order_relaxed);
  }

  // Rings at `due` at the latest.
  void Hasten(base::Clock::TimePoint due) {
    if (due.time_since_epoch().count() < due_.load(std::memory_order_relaxed)) {
      Set(due);
    }
  }

  // Rings when it is time.
  void Check() {
    Ticks due = due_.load(std::memory_order_relaxed);
    if (due >= kRinging || clock_.Now().time_since_epoch().count() < due) {
      return;
    }
    if (due_.compare_exchange_strong(due, kRinging)) Ring();
  }

  // Rings when nothing is due: what has just failed may have to be watched.
  void Wake() {
    Ticks due = due_.load(std::memory_order_relaxed);
    if (due == kQuiet && due_.compare_exchange_strong(due, kRinging)) {
      Ring();
    }
  }

  // Rings at once.
  void Ring() {
    if (const auto listener = listener_.lock()) listener->OnAlarm();
  }

 private:
  using Ticks = base::Clock::Duration::rep;

  static constexpr Ticks kQuiet = std::numeric_limits<Ticks>::max();
  // It has rung, and isn't set yet.
  static constexpr Ticks kRinging = kQuiet - 1;

  const base::Clock& clock_;
  const std::weak_ptr<Listener> listener_;
  std::atomic<Ticks> due_{kQuiet};
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_ALARM_H_
