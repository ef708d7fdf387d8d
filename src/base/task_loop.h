// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_TASK_LOOP_H_
#define NAMING_BASE_TASK_LOOP_H_

#include <chrono>
#include <deque>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/timers.h"

namespace naming::base {

// How a TaskLoop sleeps. A transport with a poll call of its own provides one,
// so that a thread waits for sockets, tasks and timers at once.
class Waiter {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() = default;

  // Waits until Wake() is called, or was since the last Wait(), or until
  // `timeout` has passed or there is something to do; then does it. No
  // `timeout`: for ever.
  virtual void Wait(std::optional<std::chrono::milliseconds> timeout) = 0;

  // Thread-safe. Never waits, and calls nothing of the loop.
  virtual void Wake() = 0;

 protected:
  Waiter() = default;
};

// A Loop whose timers follow the real clock, for a thread that whoever owns it
// provides: the one that serves it calls RunTask() until that returns false,
// then Sleep(), and so on until that returns false.
//
// Thread-safe as Loop says. Several threads may serve it, one at a time, each
// of them after the one before in the sense of the memory model.
class TaskLoop final : public Loop {
 public:
  // `waiter` outlives the time until Clear(); null: the loop just sleeps.
  explicit TaskLoop(Waiter* waiter);
  ~TaskLoop() override;

  // --- For the thread that serves it ---

  // Runs the next task or timer that is due. Returns false when there is none,
  // or it is time for Sleep() to look at what the Waiter waits for.
  bool RunTask();

  // Waits until there is something to do. Returns false once it has stopped.
  bool Sleep();

  // --- For its owner ---

  // Thread-safe. From now on RunTask() and Sleep() return false, and what is
  // posted is dropped.
  void Stop();

  // Destroys the tasks and timers that are left. Called after Stop(), when no
  // thread serves the loop any more.
  void Clear();

  void Post(Task task) override;
  TimerId RunAt(Clock::TimePoint when, Task task) override;
  void CancelTimer(TimerId id) override;
  const Clock& clock() const override { return Clock::Real(); }

 private:
  Task NextTask();
  bool SleepWithoutWaiter() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeIfSleeping() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<std::chrono::milliseconds> TimeToNextTimer() const;

  Waiter* const waiter_;
  Mutex mutex_;
  CondVar posted_changed_;
  std::deque<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // A thread waits, and nobody has woken it yet: a Post() to a busy one costs
  // no wakeup.
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;
  // Touched by the serving thread alone, and by Clear().
  Timers timers_;
  bool is_timers_turn_ = false;
  int tasks_in_a_row_ = 0;
};

}  // namespace naming::base

#endif  // NAMING_BASE_TASK_LOOP_H_
