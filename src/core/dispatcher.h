// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_DISPATCHER_H_
#define NAMING_CORE_DISPATCHER_H_

#include <atomic>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/task_loop.h"
#include "base/wakeup_timer.h"

namespace naming::core {

// Runs users' callbacks, one at a time, in order, with no lock of ours held;
// and a Loop, whose tasks no callback holds up for long.
//
// Two threads serve both, as leader and followers do (Schmidt et al.,
// "Leader/Followers", 2000): the one that leads runs the loop, the other one
// sleeps. What a task posts is called by the leader itself, right after the
// task: to wake a thread for it would take longer than most callbacks do. When
// callbacks take longer than a millisecond, the other thread takes the loop
// over, and the first one will sleep when it is through with them.
//
// Thread-safe. Held by shared_ptr, because Watchers may outlive the Client; the
// Client calls Stop() before it lets go.
class Dispatcher final {
 public:
  // Its threads are named `loop_name` and "naming-call", after what they begin
  // with. `waiter` outlives the time until StopLoop(); null: the loop just
  // sleeps.
  explicit Dispatcher(std::string loop_name = "naming-loop",
                      base::Waiter* waiter = nullptr);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Runs `call` after those posted before. Once stopped, calls are dropped.
  void Post(std::function<void()> call);

  // Returns whether the caller runs within a callback of this Dispatcher.
  bool IsCurrent() const;

  base::Loop& loop() { return loop_; }

  // Ends the loop after the task that it runs; callbacks go on. What is left of
  // its tasks and timers is destroyed on the calling thread. A second call does
  // nothing. Not to be called by a task or a callback, nor by two threads at a
  // time; neither is Stop().
  void StopLoop();

  // Ends the loop and, after the callback that it runs, both threads. Callbacks
  // that are left are destroyed on the calling thread.
  void Stop();

 private:
  void Serve(const std::string& name);
  void Lead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunCallsAsLeader() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunCalls() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AwaitWakeup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::TaskLoop loop_;
  base::WakeupTimer wakeup_;  // Of a thread with nothing to do.

  // The loop's lock and the timer's come after this one.
  base::Mutex mutex_;
  base::CondVar leader_left_;
  std::deque<std::function<void()>> calls_ ABSL_GUARDED_BY(mutex_);
  // The thread that runs the loop now; none: the next one may.
  std::thread::id leader_ ABSL_GUARDED_BY(mutex_);
  bool is_calling_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_loop_stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<std::thread::id> caller_{};  // The thread that runs a callback.

  std::thread first_;
  std::thread second_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_DISPATCHER_H_
