// SPDX-License-Identifier: Apache-2.0

#include "core/callback.h"

#include <atomic>
#include <functional>
#include <future>
#include <memory>

#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::core {
namespace {

using testing::AsyncUntilAsleep;
using testing::Eventually;

struct CallbackFixture {
  ~CallbackFixture() { dispatcher->Stop(); }

  // Returns when what was scheduled so far has run.
  void Settle() {
    std::promise<void> reached;
    dispatcher->Post([&] { reached.set_value(); });
    reached.get_future().wait();
  }

  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
};

TEST_CASE_METHOD(CallbackFixture,
                 "Schedules before a run lead to one run, those within to "
                 "another",
                 "[callback]") {
  std::promise<void> hold;
  dispatcher->Post([&] { hold.get_future().wait(); });
  std::atomic<int> runs{0};
  std::shared_ptr<Callback> callback;
  callback = std::make_shared<Callback>(dispatcher, [&] {
    if (++runs == 1) {
      callback->Schedule();
      callback->Schedule();
    }
  });
  callback->Schedule();
  callback->Schedule();
  hold.set_value();
  CHECK(Eventually([&] { return runs == 2; }));
  Settle();
  CHECK(runs == 2);
  callback->End();
}

TEST_CASE_METHOD(CallbackFixture, "An ended Callback never runs",
                 "[callback]") {
  std::promise<void> hold;
  dispatcher->Post([&] { hold.get_future().wait(); });
  std::atomic<int> runs{0};
  auto callback = std::make_shared<Callback>(dispatcher, [&] { ++runs; });
  callback->Schedule();
  callback->End();
  callback->Schedule();
  hold.set_value();
  Settle();
  CHECK(runs == 0);
}

TEST_CASE_METHOD(CallbackFixture,
                 "End waits for a run in progress, then releases what the "
                 "function owns before it returns",
                 "[callback]") {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  std::promise<void> began;
  std::promise<void> go_on;
  std::atomic<bool> has_run{false};
  auto callback =
      std::make_shared<Callback>(dispatcher, [&, owned = std::move(owned)] {
        began.set_value();
        go_on.get_future().wait();
        has_run = true;
      });
  callback->Schedule();
  began.get_future().wait();
  auto ending = AsyncUntilAsleep([&] {
    callback->End();
    return has_run && watch.expired();
  });
  CHECK_FALSE(watch.expired());
  go_on.set_value();
  CHECK(ending.get());
}

TEST_CASE_METHOD(CallbackFixture,
                 "End from within the run returns at once, and the function "
                 "lives until the run is over",
                 "[callback]") {
  auto owned = std::make_shared<int>(7);
  const std::weak_ptr<int> watch = owned;
  std::shared_ptr<Callback> callback;
  std::atomic<int> seen{0};
  callback =
      std::make_shared<Callback>(dispatcher, [&, owned = std::move(owned)] {
        callback->End();
        callback->Schedule();
        seen = *owned;
      });
  callback->Schedule();
  CHECK(Eventually([&] { return watch.expired(); }));
  CHECK(seen == 7);
}

TEST_CASE_METHOD(CallbackFixture,
                 "End from within another Callback's run returns at once",
                 "[callback]") {
  std::atomic<int> runs{0};
  auto other = std::make_shared<Callback>(dispatcher, [&] { ++runs; });
  std::atomic<bool> has_ended{false};
  auto callback = std::make_shared<Callback>(dispatcher, [&] {
    other->Schedule();
    other->End();
    has_ended = true;
  });
  callback->Schedule();
  CHECK(Eventually([&] { return has_ended.load(); }));
  Settle();
  CHECK(runs == 0);
  callback->End();
}

TEST_CASE_METHOD(CallbackFixture,
                 "What a function owns may use the Callback's Dispatcher as "
                 "it is released",
                 "[callback]") {
  std::atomic<bool> was_told{false};
  auto teller = std::shared_ptr<int>(new int(0), [&](int* number) {
    delete number;
    dispatcher->Post([&] { was_told = true; });
  });
  auto callback =
      std::make_shared<Callback>(dispatcher, [teller = std::move(teller)] {});
  callback->End();
  CHECK(Eventually([&] { return was_told.load(); }));
}

TEST_CASE("A Callback can be ended after its Dispatcher has stopped",
          "[callback]") {
  auto dispatcher = std::make_shared<Dispatcher>();
  auto callback = std::make_shared<Callback>(dispatcher, [] {});
  callback->Schedule();
  dispatcher->Stop();
  callback->Schedule();
  callback->End();
}

}  // namespace
}  // namespace naming::core
