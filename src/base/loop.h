// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_LOOP_H_
#define NAMING_BASE_LOOP_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "base/clock.h"

namespace naming::base {

// Runs tasks one at a time, on one thread, now or at a time of its Clock.
//
// Post() is thread-safe; the rest is for tasks of the loop itself, or for the
// time before it runs.
class Loop {
 public:
  using Task = std::function<void()>;
  using TimerId = std::uint64_t;  // 0 is no timer.

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  // Runs `task` soon, after those posted before. Once the loop has stopped,
  // tasks are dropped.
  virtual void Post(Task task) = 0;

  // Runs `task` once, when the Clock has reached `when`; timers due at one time
  // run in the order they were set.
  virtual TimerId RunAt(Clock::TimePoint when, Task task) = 0;

  // Forgets a timer; one that has run, or 0, does nothing.
  virtual void CancelTimer(TimerId id) = 0;

  virtual const Clock& clock() const = 0;

  TimerId RunAfter(Clock::Duration delay, Task task) {
    return RunAt(clock().Now() + delay, std::move(task));
  }

 protected:
  Loop() = default;
};

}  // namespace naming::base

#endif  // NAMING_BASE_LOOP_H_
