// SPDX-License-Identifier: Apache-2.0

#include "base/worker.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::base {
namespace {

using std::chrono::milliseconds;
using testing::Eventually;

// A Waiter that counts, and records the timeouts it was given.
class FakeWaiter final : public Waiter {
 public:
  void Wait(std::optional<milliseconds> timeout) override {
    MutexLock lock(mutex_);
    timeouts_.push_back(timeout);
    const auto end = std::chrono::steady_clock::now() +
                     timeout.value_or(std::chrono::hours(1));
    while (!woken_ && changed_.WaitUntil(mutex_, end)) {
    }
    while (held_) changed_.Wait(mutex_);
    woken_ = false;
  }

  void Wake() override {
    MutexLock lock(mutex_);
    ++wakeups_;
    woken_ = true;
    changed_.NotifyOne();
  }

  // While held, a Wait() doesn't return.
  void Hold(bool held) {
    MutexLock lock(mutex_);
    held_ = held;
    changed_.NotifyOne();
  }

  int wakeups() {
    MutexLock lock(mutex_);
    return wakeups_;
  }

  std::vector<std::optional<milliseconds>> timeouts() {
    MutexLock lock(mutex_);
    return timeouts_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  int wakeups_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::optional<milliseconds>> timeouts_ ABSL_GUARDED_BY(mutex_);
};

// Runs `task` on the worker and waits for it.
void RunOn(Worker& worker, const std::function<void()>& task) {
  std::promise<void> done;
  worker.Post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

// Runs the rest of a test with and without a Waiter.
struct Fixture {
  const bool with_waiter = GENERATE(false, true);
  FakeWaiter waiter;
  Worker worker{"naming-test", with_waiter ? &waiter : nullptr};
};

TEST_CASE("Tasks run on the named thread, in the order posted", "[worker]") {
  Fixture f;
  std::string order;
  std::string name(16, '\0');
  f.worker.Post([&] { order += 'a'; });
  f.worker.Post([&] { order += 'b'; });
  RunOn(f.worker, [&] {
    order += 'c';
    pthread_getname_np(pthread_self(), name.data(), name.size());
  });
  CHECK(order == "abc");
  CHECK(std::string(name.c_str()) == "naming-test");
}

TEST_CASE("A long thread name is cut", "[worker]") {
  Worker worker("0123456789abcdef-and-more");
  std::string name(16, '\0');
  RunOn(worker,
        [&] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
  CHECK(std::string(name.c_str()) == "0123456789abcde");
}

TEST_CASE("No wakeup is lost however posts and sleeps meet", "[worker]") {
  Fixture f;
  for (int i = 0; i < 2000; ++i) RunOn(f.worker, [] {});
}

TEST_CASE("Tasks of many threads all run, each thread's in order", "[worker]") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 2000;
  Fixture f;
  std::vector<int> last(kThreads, -1);
  std::atomic<int> ran{0};
  std::atomic<bool> is_ordered{true};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        f.worker.Post([&, t, i] {
          if (last[t] != i - 1) is_ordered = false;
          last[t] = i;
          ++ran;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(Eventually([&] { return ran == kThreads * kTasks; }));
  CHECK(is_ordered);
}

TEST_CASE("A task may post to its own loop", "[worker]") {
  Fixture f;
  std::promise<int> done;
  int hops = 0;
  std::function<void()> hop = [&] {
    if (++hops == 1000) {
      done.set_value(hops);
    } else {
      f.worker.Post(hop);
    }
  };
  f.worker.Post(hop);
  CHECK(done.get_future().get() == 1000);
}

TEST_CASE("Timers run when they are due, not before", "[worker]") {
  Fixture f;
  const auto start = std::chrono::steady_clock::now();
  std::promise<std::chrono::steady_clock::time_point> ran;
  f.worker.Post([&] {
    f.worker.RunAt(start + milliseconds(20),
                   [&] { ran.set_value(std::chrono::steady_clock::now()); });
  });
  CHECK(ran.get_future().get() >= start + milliseconds(20));
}

TEST_CASE("A timer set after a later one shortens the sleep", "[worker]") {
  Fixture f;
  std::promise<void> ran;
  f.worker.Post([&] {
    f.worker.RunAfter(std::chrono::hours(1), [] {});
    f.worker.Post(
        [&] { f.worker.RunAfter(milliseconds(1), [&] { ran.set_value(); }); });
  });
  ran.get_future().wait();
}

TEST_CASE("A timer that its loop cancels doesn't run", "[worker]") {
  Fixture f;
  bool cancelled_ran = false;
  std::promise<void> done;
  f.worker.Post([&] {
    const Loop::TimerId id =
        f.worker.RunAfter(milliseconds(1), [&] { cancelled_ran = true; });
    f.worker.RunAfter(milliseconds(2), [&] { done.set_value(); });
    f.worker.CancelTimer(id);
  });
  done.get_future().wait();
  CHECK_FALSE(cancelled_ran);
}

TEST_CASE("A stream of tasks starves neither timers nor the Waiter",
          "[worker]") {
  Fixture f;
  std::atomic<bool> enough{false};
  std::atomic<int> timers{0};
  std::function<void()> stream = [&] {
    if (!enough) f.worker.Post(stream);
  };
  std::function<void()> tick = [&] {
    ++timers;
    if (!enough) f.worker.RunAfter(milliseconds(0), tick);
  };
  f.worker.Post(stream);
  f.worker.Post(tick);
  CHECK(Eventually([&] { return timers > 100; }));
  if (f.with_waiter) {
    CHECK(Eventually([&] { return f.waiter.timeouts().size() > 5; }));
  }
  enough = true;
  f.worker.Stop();
}

TEST_CASE("A stream of overdue timers starves no task", "[worker]") {
  Fixture f;
  std::atomic<bool> enough{false};
  std::function<void()> tick = [&] {
    if (!enough) f.worker.RunAt(Clock::TimePoint::min(), tick);
  };
  f.worker.Post(tick);
  for (int i = 0; i < 10; ++i) RunOn(f.worker, [] {});
  enough = true;
  f.worker.Stop();
}

TEST_CASE("A Post to a busy loop costs no wakeup", "[worker]") {
  FakeWaiter waiter;
  Worker worker("naming-test", &waiter);
  std::promise<void> go;
  std::promise<void> busy;
  std::atomic<int> ran{0};
  worker.Post([&] {
    busy.set_value();
    go.get_future().wait();
  });
  busy.get_future().wait();
  const int wakeups = waiter.wakeups();
  for (int i = 0; i < 50; ++i) worker.Post([&] { ++ran; });
  CHECK(waiter.wakeups() == wakeups);
  go.set_value();
  CHECK(Eventually([&] { return ran == 50; }));
}

TEST_CASE("Posts to a sleeping loop wake it once", "[worker]") {
  FakeWaiter waiter;
  waiter.Hold(true);
  Worker worker("naming-test", &waiter);
  REQUIRE(Eventually([&] { return !waiter.timeouts().empty(); }));
  std::atomic<int> ran{0};
  for (int i = 0; i < 50; ++i) worker.Post([&] { ++ran; });
  CHECK(waiter.wakeups() == 1);
  waiter.Hold(false);
  CHECK(Eventually([&] { return ran == 50; }));
  worker.Stop();
}

TEST_CASE("The Waiter gets the time to the next timer, rounded up to ms",
          "[worker]") {
  FakeWaiter waiter;
  Worker worker("naming-test", &waiter);
  RunOn(worker, [&] {
    // Late enough not to be due, and half a millisecond off.
    worker.RunAfter(std::chrono::seconds(100), [] {});
  });
  REQUIRE(Eventually([&] {
    const auto timeouts = waiter.timeouts();
    return !timeouts.empty() && timeouts.back().has_value() &&
           timeouts.back() > milliseconds(1000);
  }));
  CHECK(waiter.timeouts().back() <= milliseconds(100'000));
  SECTION("and none when there is no timer") {
    FakeWaiter other_waiter;
    Worker other("naming-test", &other_waiter);
    REQUIRE(Eventually([&] { return !other_waiter.timeouts().empty(); }));
    CHECK_FALSE(other_waiter.timeouts().back().has_value());
  }
  SECTION("so that it isn't called in vain before the timer is due") {
    const std::size_t waits = waiter.timeouts().size();
    std::promise<void> ran;
    worker.Post([&] {
      worker.RunAfter(std::chrono::microseconds(2500),
                      [&] { ran.set_value(); });
    });
    ran.get_future().wait();
    // One for the Post, at most one for a Wait() that it overtook, one for the
    // timer; truncated to 2 ms it would be called again and again with 0.
    CHECK(waiter.timeouts().size() <= waits + 3);
  }
}

TEST_CASE("Stop drops what is posted and set, on the stopping thread",
          "[worker]") {
  // Records the thread on which it is destroyed.
  struct Tracer {
    explicit Tracer(std::vector<std::thread::id>* destroyed)
        : destroyed_on(destroyed) {}
    ~Tracer() { destroyed_on->push_back(std::this_thread::get_id()); }
    std::vector<std::thread::id>* destroyed_on;
  };
  Fixture f;
  std::vector<std::thread::id> destroyed_on;
  std::atomic<bool> ran{false};
  std::promise<void> busy;
  std::promise<void> go;
  f.worker.Post([&] {
    auto in_timer = std::make_shared<Tracer>(&destroyed_on);
    f.worker.RunAfter(milliseconds(0), [&ran, in_timer] { ran = true; });
    busy.set_value();
    go.get_future().wait();
  });
  busy.get_future().wait();
  {
    auto in_task = std::make_shared<Tracer>(&destroyed_on);
    f.worker.Post([&ran, in_task] { ran = true; });
  }
  std::thread release([&] {
    // A Post that is dropped shows that Stop() has begun.
    Eventually([&] {
      auto probe = std::make_shared<int>();
      f.worker.Post([probe] {});
      return probe.use_count() == 1;
    });
    go.set_value();
  });
  f.worker.Stop();
  release.join();
  CHECK_FALSE(ran);
  REQUIRE(destroyed_on.size() == 2);
  CHECK(destroyed_on[0] == std::this_thread::get_id());
  CHECK(destroyed_on[1] == std::this_thread::get_id());
}

TEST_CASE("Tasks may post, set and cancel as they are destroyed", "[worker]") {
  struct Poster {
    explicit Poster(Worker* w) : worker(w) {}
    ~Poster() {
      worker->Post([] {});
      worker->CancelTimer(worker->RunAfter(milliseconds(0), [] {}));
    }
    Worker* worker;
  };
  Fixture f;
  RunOn(f.worker, [&] {
    auto in_timer = std::make_shared<Poster>(&f.worker);
    f.worker.RunAfter(std::chrono::hours(1), [in_timer] {});
    auto in_other = std::make_shared<Poster>(&f.worker);
    f.worker.RunAfter(std::chrono::hours(1), [in_other] {});
  });
  f.worker.Stop();
}

TEST_CASE("Stop twice is Stop once, and later posts are dropped", "[worker]") {
  Fixture f;
  bool ran = false;
  f.worker.Stop();
  f.worker.Stop();
  f.worker.Post([&] { ran = true; });
  f.worker.Stop();
  CHECK_FALSE(ran);
}

}  // namespace
}  // namespace naming::base
