// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_WAKEUP_TIMER_H_
#define NAMING_BASE_WAKEUP_TIMER_H_

#include <chrono>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace naming::base {

// Wakes a thread that sleeps, after a while, unless it is stopped before: what
// a condition variable can't, of which only the sleeping thread sets the time.
//
// Thread-safe.
class WakeupTimer final {
 public:
  WakeupTimer();
  ~WakeupTimer();
  WakeupTimer(const WakeupTimer&) = delete;
  WakeupTimer& operator=(const WakeupTimer&) = delete;

  // Has one Wait() return once `delay` has passed; zero: at once. Replaces what
  // was set before, and cancels a wakeup that no Wait() has had yet.
  void Set(std::chrono::nanoseconds delay);

  // Cancels that. Cheap, and so is Set(): about a system call each.
  void Clear();

  // Waits for a wakeup.
  void Wait();

 private:
  // -1: the process had no descriptor left. What is set then comes at once.
  const int fd_;
  Mutex mutex_;
  CondVar set_changed_;
  bool is_set_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace naming::base

#endif  // NAMING_BASE_WAKEUP_TIMER_H_
