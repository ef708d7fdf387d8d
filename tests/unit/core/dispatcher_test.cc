// SPDX-License-Identifier: Apache-2.0

#include "core/dispatcher.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/asleep.h"
#include "tests/support/catch.h"

namespace naming::core {
namespace {

TEST_CASE("Dispatcher runs calls in order on one thread of its own",
          "[dispatcher]") {
  Dispatcher dispatcher;
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  std::vector<bool> current;
  std::promise<void> done;
  for (int i = 0; i < 3; ++i) {
    dispatcher.Post([&, i] {
      order.push_back(i);
      threads.push_back(std::this_thread::get_id());
      current.push_back(dispatcher.IsCurrent());
    });
  }
  dispatcher.Post([&] { done.set_value(); });
  done.get_future().wait();
  CHECK(order == std::vector<int>{0, 1, 2});
  CHECK(threads[0] == threads[2]);
  CHECK(threads[0] != std::this_thread::get_id());
  CHECK(current == std::vector<bool>{true, true, true});
  CHECK_FALSE(dispatcher.IsCurrent());
}

TEST_CASE("A call may post another one", "[dispatcher]") {
  Dispatcher dispatcher;
  std::promise<void> done;
  dispatcher.Post([&] { dispatcher.Post([&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST_CASE("Stop waits for the call that runs and drops the others",
          "[dispatcher]") {
  Dispatcher dispatcher;
  std::promise<void> began;
  std::promise<void> go_on;
  std::atomic<bool> first_ended{false};
  std::atomic<bool> second_ran{false};
  dispatcher.Post([&] {
    began.set_value();
    go_on.get_future().wait();
    first_ended = true;
  });
  dispatcher.Post([&] { second_ran = true; });
  began.get_future().wait();
  auto stopping = testing::AsyncUntilAsleep([&] {
    dispatcher.Stop();
    return first_ended.load();
  });
  go_on.set_value();
  CHECK(stopping.get());
  dispatcher.Post([&] { second_ran = true; });
  // Either call might run later only if the thread still ran.
  CHECK_FALSE(second_ran);
}

}  // namespace
}  // namespace naming::core
