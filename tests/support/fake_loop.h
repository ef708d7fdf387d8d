// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_FAKE_LOOP_H_
#define NAMING_TESTS_SUPPORT_FAKE_LOOP_H_

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "base/loop.h"
#include "base/mutex.h"
#include "base/timers.h"
#include "tests/support/fake_clock.h"

namespace naming::testing {

// A Loop without a thread: the test runs its tasks, and moves its clock.
class FakeLoop final : public base::Loop {
 public:
  void Post(Task task) override {
    base::MutexLock lock(mutex_);
    posted_.push_back(std::move(task));
  }

  TimerId RunAt(base::Clock::TimePoint when, Task task) override {
    return timers_.Add(when, std::move(task));
  }

  void CancelTimer(TimerId id) override { timers_.Cancel(id); }

  const base::Clock& clock() const override { return clock_; }
  FakeClock& fake_clock() { return clock_; }

  // Runs what is posted and due, and what that posts, until nothing is left.
  void RunReady() {
    while (Task task = NextReady()) task();
  }

  // Moves the clock from timer to timer, running each at its time.
  void Advance(base::Clock::Duration by) {
    const base::Clock::TimePoint end = clock_.Now() + by;
    RunReady();
    for (auto next = timers_.Next(); next && *next <= end;
         next = timers_.Next()) {
      if (*next > clock_.Now()) clock_.Advance(*next - clock_.Now());
      RunReady();
    }
    clock_.Advance(end - clock_.Now());
  }

 private:
  Task NextReady() {
    {
      base::MutexLock lock(mutex_);
      if (!posted_.empty()) {
        Task task = std::move(posted_.front());
        posted_.pop_front();
        return task;
      }
    }
    return timers_.TakeDue(clock_.Now());
  }

  FakeClock clock_;
  base::Mutex mutex_;
  std::deque<Task> posted_ ABSL_GUARDED_BY(mutex_);
  base::Timers timers_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_FAKE_LOOP_H_
