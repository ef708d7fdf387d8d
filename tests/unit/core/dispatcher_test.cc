// SPDX-License-Identifier: Apache-2.0

#include "core/dispatcher.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using testing::Eventually;

// Posts `call` from a task of the loop.
void PostFromLoop(Dispatcher& dispatcher, std::function<void()> call) {
  dispatcher.loop().Post([&dispatcher, call = std::move(call)]() mutable {
    dispatcher.Post(std::move(call));
  });
}

// Runs `task` on the loop and waits for it.
void RunOnLoop(Dispatcher& dispatcher, const std::function<void()>& task) {
  std::promise<void> done;
  dispatcher.loop().Post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

// A call that runs until it is told to end.
struct LongCall {
  std::promise<void> began;
  std::promise<void> end;
  std::atomic<bool> has_ended{false};

  void operator()() {
    began.set_value();
    end.get_future().wait();
    has_ended = true;
  }
};

TEST_CASE("Calls from elsewhere run in order, on a thread of the Dispatcher's",
          "[dispatcher]") {
  Dispatcher dispatcher;
  std::vector<int> order;
  std::vector<bool> current;
  std::promise<std::thread::id> thread;
  for (int i = 0; i < 3; ++i) {
    dispatcher.Post([&, i] {
      order.push_back(i);
      current.push_back(dispatcher.IsCurrent());
    });
  }
  dispatcher.Post([&] { thread.set_value(std::this_thread::get_id()); });
  CHECK(thread.get_future().get() != std::this_thread::get_id());
  CHECK(order == std::vector<int>{0, 1, 2});
  CHECK(current == std::vector<bool>{true, true, true});
  CHECK_FALSE(dispatcher.IsCurrent());
}

TEST_CASE("What a task posts is called right after it, by the same thread",
          "[dispatcher]") {
  Dispatcher dispatcher;
  const auto is_called_by_leader = [&dispatcher] {
    std::promise<std::thread::id> task;
    std::promise<std::thread::id> call;
    std::atomic<bool> is_task_over{false};
    std::atomic<bool> was_after{false};
    dispatcher.loop().Post([&] {
      dispatcher.Post([&] {
        was_after = is_task_over.load();
        call.set_value(std::this_thread::get_id());
      });
      const bool is_within_call = dispatcher.IsCurrent();
      is_task_over = !is_within_call;
      task.set_value(std::this_thread::get_id());
    });
    const bool is_same = task.get_future().get() == call.get_future().get();
    return is_same && was_after;
  };
  // The other thread takes the call when it happens to be awake, as at first.
  CHECK(Eventually(is_called_by_leader));
}

TEST_CASE("A call may post another one", "[dispatcher]") {
  Dispatcher dispatcher;
  std::promise<void> done;
  dispatcher.Post([&] { dispatcher.Post([&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST_CASE("A call that takes long holds up no task", "[dispatcher]") {
  Dispatcher dispatcher;
  for (int round = 0; round < 5; ++round) {
    LongCall call;
    PostFromLoop(dispatcher, std::ref(call));
    call.began.get_future().wait();
    for (int i = 0; i < 3; ++i) RunOnLoop(dispatcher, [] {});
    CHECK_FALSE(call.has_ended);
    call.end.set_value();
    CHECK(Eventually([&] { return call.has_ended.load(); }));
  }
}

TEST_CASE("A call may wait for a task", "[dispatcher]") {
  Dispatcher dispatcher;
  for (int round = 0; round < 20; ++round) {
    std::promise<void> done;
    PostFromLoop(dispatcher, [&] {
      RunOnLoop(dispatcher, [] {});
      done.set_value();
    });
    done.get_future().wait();
  }
}

TEST_CASE("Calls run one at a time, in order, whoever posts them",
          "[dispatcher]") {
  constexpr int kPosters = 4;  // The last one of them posts from the loop.
  constexpr int kCalls = 1000;
  Dispatcher dispatcher;
  std::vector<int> last(kPosters, -1);
  std::atomic<int> running{0};
  std::atomic<int> ran{0};
  std::atomic<bool> is_right{true};
  const auto call = [&](int poster, int i) {
    if (++running != 1 || last[poster] != i - 1) is_right = false;
    last[poster] = i;
    // Now and then so long that the threads change places.
    if (i % 100 == 99) std::this_thread::sleep_for(milliseconds(3));
    --running;
    ++ran;
  };
  std::vector<std::thread> posters;
  for (int p = 0; p < kPosters; ++p) {
    posters.emplace_back([&, p] {
      for (int i = 0; i < kCalls; ++i) {
        if (p == kPosters - 1) {
          PostFromLoop(dispatcher, [&, p, i] { call(p, i); });
        } else {
          dispatcher.Post([&, p, i] { call(p, i); });
        }
        if (i % 10 == 0) std::this_thread::yield();
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  CHECK(Eventually([&] { return ran == kPosters * kCalls; }));
  CHECK(is_right);
}

TEST_CASE("Tasks run one at a time, in order, while calls take long",
          "[dispatcher]") {
  constexpr int kTasks = 2000;
  Dispatcher dispatcher;
  int last = -1;
  std::atomic<int> running{0};
  std::atomic<int> ran{0};
  std::atomic<bool> is_right{true};
  for (int i = 0; i < kTasks; ++i) {
    dispatcher.loop().Post([&, i] {
      if (++running != 1 || last != i - 1) is_right = false;
      last = i;
      if (i % 100 == 0) {
        dispatcher.Post([] { std::this_thread::sleep_for(milliseconds(2)); });
      }
      --running;
      ++ran;
    });
  }
  CHECK(Eventually([&] { return ran == kTasks; }));
  CHECK(is_right);
}

TEST_CASE("No call is lost however posts and sleeps meet", "[dispatcher]") {
  Dispatcher dispatcher;
  const bool from_loop = GENERATE(false, true);
  for (int i = 0; i < 2000; ++i) {
    std::promise<void> done;
    const auto call = [&] { done.set_value(); };
    if (from_loop) {
      PostFromLoop(dispatcher, call);
    } else {
      dispatcher.Post(call);
    }
    done.get_future().wait();
  }
}

TEST_CASE("The loop ends before the calls do", "[dispatcher]") {
  Dispatcher dispatcher;
  LongCall call;
  PostFromLoop(dispatcher, std::ref(call));
  call.began.get_future().wait();
  bool task_ran = false;
  std::promise<void> called;
  // Doesn't wait for the call.
  dispatcher.StopLoop();
  dispatcher.loop().Post([&] { task_ran = true; });
  dispatcher.Post([&] { called.set_value(); });
  call.end.set_value();
  called.get_future().wait();
  // What is posted when both threads are asleep.
  for (int i = 0; i < 100; ++i) {
    std::promise<void> done;
    dispatcher.Post([&] { done.set_value(); });
    done.get_future().wait();
  }
  dispatcher.Stop();
  CHECK_FALSE(task_ran);
}

TEST_CASE("StopLoop waits for the task that runs", "[dispatcher]") {
  Dispatcher dispatcher;
  LongCall task;
  dispatcher.loop().Post(std::ref(task));
  task.began.get_future().wait();
  auto stopping = testing::AsyncUntilAsleep([&] {
    dispatcher.StopLoop();
    return task.has_ended.load();
  });
  task.end.set_value();
  CHECK(stopping.get());
}

TEST_CASE("Stop waits for the call that runs and drops the others",
          "[dispatcher]") {
  Dispatcher dispatcher;
  const bool from_loop = GENERATE(false, true);
  LongCall call;
  if (from_loop) {
    PostFromLoop(dispatcher, std::ref(call));
  } else {
    dispatcher.Post(std::ref(call));
  }
  std::atomic<bool> second_ran{false};
  call.began.get_future().wait();
  dispatcher.Post([&] { second_ran = true; });
  auto stopping = testing::AsyncUntilAsleep([&] {
    dispatcher.Stop();
    return call.has_ended.load();
  });
  call.end.set_value();
  CHECK(stopping.get());
  dispatcher.Post([&] { second_ran = true; });
  // Either call might run later only if a thread still ran.
  CHECK_FALSE(second_ran);
}

}  // namespace
}  // namespace naming::core
