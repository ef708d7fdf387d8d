// SPDX-License-Identifier: Apache-2.0

#include "base/task_loop.h"

#include <utility>

namespace naming::base {
namespace {

// After so many tasks in a row the Waiter gets its turn, so that a stream of
// tasks doesn't starve the sockets.
constexpr int kTasksBetweenSleeps = 64;

}  // namespace

TaskLoop::TaskLoop(Waiter* waiter) : waiter_(waiter) {}

TaskLoop::~TaskLoop() = default;

void TaskLoop::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  WakeIfSleeping();
}

// Moved out first: what a task owns may post and cancel timers as it goes.
void TaskLoop::Clear() {
  std::deque<Task> dropped_tasks;
  {
    MutexLock lock(mutex_);
    dropped_tasks.swap(posted_);
  }
  const Timers dropped_timers = std::exchange(timers_, Timers());
}

void TaskLoop::Post(Task task) {
  MutexLock lock(mutex_);
  if (stopping_) return;  // `task` is the caller's to destroy: after the lock.
  posted_.push_back(std::move(task));
  WakeIfSleeping();
}

Loop::TimerId TaskLoop::RunAt(Clock::TimePoint when, Task task) {
  return timers_.Add(when, std::move(task));
}

void TaskLoop::CancelTimer(TimerId id) { timers_.Cancel(id); }

bool TaskLoop::RunTask() {
  if (tasks_in_a_row_ == kTasksBetweenSleeps) return false;
  const Task task = NextTask();
  if (!task) return false;
  ++tasks_in_a_row_;
  task();
  return true;
}

// Timers and posted tasks take turns, so that neither starves the other.
Loop::Task TaskLoop::NextTask() {
  MutexLock lock(mutex_);
  if (stopping_) return {};
  is_timers_turn_ = !is_timers_turn_;
  if (is_timers_turn_ || posted_.empty()) {
    if (Task task = timers_.TakeDue(clock().Now())) return task;
  }
  if (posted_.empty()) return {};
  Task task = std::move(posted_.front());
  posted_.pop_front();
  return task;
}

bool TaskLoop::Sleep() {
  tasks_in_a_row_ = 0;
  std::optional<std::chrono::milliseconds> timeout;
  {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    if (waiter_ == nullptr) return SleepWithoutWaiter();
    // With tasks left, the Waiter looks at its sockets and returns at once.
    sleeping_ = posted_.empty();
    timeout = sleeping_ ? TimeToNextTimer() : std::chrono::milliseconds(0);
  }
  waiter_->Wait(timeout);
  MutexLock lock(mutex_);
  sleeping_ = false;
  return !stopping_;
}

bool TaskLoop::SleepWithoutWaiter() {
  const std::optional<Clock::TimePoint> next = timers_.Next();
  sleeping_ = true;
  // A wakeup clears `sleeping_`.
  while (sleeping_ && posted_.empty() && !stopping_) {
    if (!next) {
      posted_changed_.Wait(mutex_);
    } else if (!posted_changed_.WaitUntil(mutex_, *next)) {
      break;
    }
  }
  sleeping_ = false;
  return !stopping_;
}

// Called under the lock: once it is free, the thread may run the task just
// posted, and that may lead to the end of this loop and its Waiter.
void TaskLoop::WakeIfSleeping() {
  if (!sleeping_) return;
  sleeping_ = false;
  if (waiter_ == nullptr) {
    posted_changed_.NotifyOne();
  } else {
    waiter_->Wake();
  }
}

// Rounded up: a timer that isn't due yet when the Waiter returns would make it
// spin until it is.
std::optional<std::chrono::milliseconds> TaskLoop::TimeToNextTimer() const {
  const std::optional<Clock::TimePoint> next = timers_.Next();
  if (!next) return std::nullopt;
  const Clock::TimePoint now = clock().Now();
  if (*next <= now) return std::chrono::milliseconds(0);
  return std::chrono::ceil<std::chrono::milliseconds>(*next - now);
}

}  // namespace naming::base
