// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_WORKER_H_
#define NAMING_BASE_WORKER_H_

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/timers.h"

namespace naming::base {

// How a Worker sleeps. A transport with a poll call of its own provides one, so
// that its thread waits for sockets, tasks and timers at once.
class Waiter {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() = default;

  // Waits until Wake() is called, or was since the last Wait(), or until
  // `timeout` has passed or there is something to do; then does it. No
  // `timeout`: for ever.
  virtual void Wait(std::optional<std::chrono::milliseconds> timeout) = 0;

  // Thread-safe. Never waits, and calls nothing of the Worker.
  virtual void Wake() = 0;

 protected:
  Waiter() = default;
};

// A Loop with a thread of its own, whose timers follow the real clock.
//
// Thread-safe as Loop says. The thread runs from the constructor to Stop().
class Worker final : public Loop {
 public:
  // `name` is the thread's, at most 15 bytes. `waiter` outlives the Worker;
  // null: the Worker just sleeps.
  explicit Worker(const std::string& name, Waiter* waiter = nullptr);
  ~Worker() override;

  // Ends the thread after the task that it runs, and waits for it. Tasks and
  // timers that are left are dropped, and destroyed on the calling thread. A
  // second call does nothing. Not to be called on that thread, nor by two
  // threads at a time.
  void Stop();

  // Returns whether the caller runs on this thread.
  bool IsCurrent() const;

  void Post(Task task) override;
  TimerId RunAt(Clock::TimePoint when, Task task) override;
  void CancelTimer(TimerId id) override;
  const Clock& clock() const override { return Clock::Real(); }

 private:
  void Run(const std::string& name);
  Task NextTask();
  // Both return false once the thread shall end.
  bool Sleep();
  bool SleepWithoutWaiter() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeIfSleeping() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<std::chrono::milliseconds> TimeToNextTimer() const;

  Waiter* const waiter_;
  Mutex mutex_;
  CondVar posted_changed_;
  std::deque<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // The thread waits, and nobody has woken it yet: a Post() to a busy thread
  // costs no wakeup.
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;
  // Touched by the thread alone, and by Stop() when it has ended.
  Timers timers_;
  bool is_timers_turn_ = false;
  std::atomic<std::thread::id> thread_id_{};
  std::thread thread_;
};

}  // namespace naming::base

#endif  // NAMING_BASE_WORKER_H_
