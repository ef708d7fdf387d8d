// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_ALARM_H_
#define NAMING_BALANCED_ALARM_H_

#include <atomic>

#include "base/clock.h"

namespace naming::balanced {

// Tells when there is something to decide. It has no thread and no timer: the
// calls of the program look, each at one atomic, and at the clock only while
// something is due at some time. Without calls nobody can tell that nothing is
// decided.
//
// Thread-safe. Held by shared_ptr: by the outcomes that are still to come.
class Alarm final {
 public:
  static constexpr base::Clock::TimePoint kNever =
      base::Clock::TimePoint::max();
  static constexpr base::Clock::TimePoint kAtOnce =
      base::Clock::TimePoint::min();

  explicit Alarm(const base::Clock& clock) : clock_(clock) {}

  // Whether it is time to decide.
  bool IsDue() const {
    const Ticks due = due_.load(std::memory_order_relaxed);
    if (due == TicksOf(kNever) || due == TicksOf(kAtOnce)) {
      return due == TicksOf(kAtOnce);
    }
    return TicksOf(clock_.Now()) >= due;
  }

  // Something has happened that is to be decided on.
  void Ring() { due_.store(TicksOf(kAtOnce), std::memory_order_release); }

  // The same for a failure, which alone is worth a look only if nobody watches.
  void RingForFailure() {
    if (!is_watching_.load(std::memory_order_relaxed)) Ring();
  }

  // For who decides. To be called before looking at what has happened: what
  // rings from here on needs another look.
  void Silence() { due_.exchange(TicksOf(kNever), std::memory_order_acq_rel); }

  // The next look is due at `due` at the latest.
  void Hasten(base::Clock::TimePoint due) {
    Ticks before = due_.load(std::memory_order_relaxed);
    while (TicksOf(due) < before &&
           !due_.compare_exchange_weak(before, TicksOf(due))) {
    }
  }

  // Whether failures are counted for a look to come.
  void SetWatching(bool is_watching) {
    is_watching_.store(is_watching, std::memory_order_relaxed);
  }

 private:
  using Ticks = base::Clock::Duration::rep;

  static constexpr Ticks TicksOf(base::Clock::TimePoint time) {
    return time.time_since_epoch().count();
  }

  const base::Clock& clock_;
  std::atomic<Ticks> due_{TicksOf(kNever)};
  std::atomic<bool> is_watching_{false};
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_ALARM_H_
