// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_WORKER_H_
#define NAMING_BASE_WORKER_H_

#include <string>
#include <thread>

#include "base/loop.h"
#include "base/task_loop.h"

namespace naming::base {

// Gives the calling thread a name, of which the first 15 bytes count.
void NameThisThread(const std::string& name);

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

  void Post(Task task) override { loop_.Post(std::move(task)); }
  TimerId RunAt(Clock::TimePoint when, Task task) override {
    return loop_.RunAt(when, std::move(task));
  }
  void CancelTimer(TimerId id) override { loop_.CancelTimer(id); }
  const Clock& clock() const override { return loop_.clock(); }

 private:
  TaskLoop loop_;
  std::thread thread_;
};

}  // namespace naming::base

#endif  // NAMING_BASE_WORKER_H_
