// SPDX-License-Identifier: Apache-2.0

#include "base/worker.h"

#include <pthread.h>

#include <utility>

namespace naming::base {
namespace {

// After so many tasks in a row the Waiter gets its turn, so that a stream of
// tasks doesn't starve the sockets.
constexpr int kTasksBetweenWaits = 64;

void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace

Worker::Worker(const std::string& name, Waiter* waiter)
    : waiter_(waiter), thread_([this, name] { Run(name); }) {}

Worker::~Worker() { Stop(); }

void Worker::Stop() {
  std::deque<Task> dropped;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(posted_);
    WakeIfSleeping();
  }
  if (thread_.joinable()) thread_.join();
  // Another thread may get the same id.
  thread_id_ = std::thread::id();
  // Moved out first: what a task owns may cancel a timer as it goes.
  const Timers dropped_timers = std::exchange(timers_, Timers());
}

bool Worker::IsCurrent() const {
  return thread_id_ == std::this_thread::get_id();
}

void Worker::Post(Task task) {
  MutexLock lock(mutex_);
  if (stopping_) return;  // `task` is the caller's to destroy: after the lock.
  posted_.push_back(std::move(task));
  WakeIfSleeping();
}

Loop::TimerId Worker::RunAt(Clock::TimePoint when, Task task) {
  return timers_.Add(when, std::move(task));
}

void Worker::CancelTimer(TimerId id) { timers_.Cancel(id); }

void Worker::Run(const std::string& name) {
  NameThisThread(name);
  thread_id_ = std::this_thread::get_id();
  do {
    for (int i = 0; i < kTasksBetweenWaits; ++i) {
      const Task task = NextTask();
      if (!task) break;
      task();
    }
  } while (Sleep());
}

// Timers and posted tasks take turns, so that neither starves the other.
Loop::Task Worker::NextTask() {
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

bool Worker::Sleep() {
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

bool Worker::SleepWithoutWaiter() {
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
// posted, and that may lead to the end of this Worker and its Waiter.
void Worker::WakeIfSleeping() {
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
std::optional<std::chrono::milliseconds> Worker::TimeToNextTimer() const {
  const std::optional<Clock::TimePoint> next = timers_.Next();
  if (!next) return std::nullopt;
  const Clock::TimePoint now = clock().Now();
  if (*next <= now) return std::chrono::milliseconds(0);
  return std::chrono::ceil<std::chrono::milliseconds>(*next - now);
}

}  // namespace naming::base
