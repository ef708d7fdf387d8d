// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_EVENT_LOOP_H_
#define NAMING_NODE_EVENT_LOOP_H_

#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/timers.h"

struct event;
struct event_base;

namespace naming::node {

// The machine's clock, moved forward by what it is told.
//
// Thread-safe.
class ShiftedClock final : public base::Clock {
 public:
  TimePoint Now() const override { return Real().Now() + shift(); }
  std::chrono::system_clock::time_point WallNow() const override {
    return Real().WallNow() + shift();
  }

  void Shift(Duration by) { shift_ += by.count(); }

 private:
  Duration shift() const { return Duration(shift_.load()); }

  std::atomic<Duration::rep> shift_{0};
};

// Returns `time` as libevent takes it, to the microsecond, rounded up: a timer
// that comes early would be armed again and again. Less than none is none.
timeval ToTimeval(base::Clock::Duration time);

// A Loop on a thread of its own that also serves libevent's events.
//
// Thread-safe as Loop says; Start() and Stop() by one thread at a time.
class EventLoop final : public base::Loop {
 public:
  // Null when the system has no file descriptor left.
  static std::unique_ptr<EventLoop> Create();
  ~EventLoop() override;

  // What events are added to: on the loop's thread, or before it runs and after
  // it ended.
  event_base* base() const { return base_.get(); }

  // Runs the thread, at most once. `name` has at most 15 bytes.
  void Start(const std::string& name);

  // Ends the thread after the task that it runs, and waits for it. Tasks and
  // timers that are left are dropped. Not to be called on that thread.
  void Stop();

  void Post(Task task) override;

  // Posts `task` and waits until it has run, or the loop has stopped. Not to be
  // called on the loop's thread.
  void Run(Task task);

  TimerId RunAt(base::Clock::TimePoint when, Task task) override;
  void CancelTimer(TimerId id) override;
  const base::Clock& clock() const override { return clock_; }

  // Moves the clock forward, from timer to timer, running each at its time.
  // Waits until that is done, or the loop has stopped. Not to be called on the
  // loop's thread.
  void Advance(base::Clock::Duration by);

 private:
  struct BaseDeleter {
    void operator()(event_base* base) const;
  };
  struct EventDeleter {
    void operator()(event* event) const;
  };

  EventLoop() = default;

  bool Initialize();
  void RunThread(const std::string& name);
  void RunPosted();
  void RunDue();
  void AdvanceHere(base::Clock::Duration by);
  void ArmTimer();

  ShiftedClock clock_;
  int wake_fd_ = -1;
  std::unique_ptr<event_base, BaseDeleter> base_;
  std::unique_ptr<event, EventDeleter> wake_event_;
  std::unique_ptr<event, EventDeleter> timer_event_;
  base::Timers timers_;  // Touched by the thread alone.
  std::optional<base::Clock::TimePoint> armed_for_;

  base::Mutex mutex_;
  base::CondVar done_;
  std::deque<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_EVENT_LOOP_H_
