// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/worker.h"
#include "core/keeper.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_lease.h"
#include "tests/support/instances.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Eventually;
using testing::MakeInstance;

// A Keeper on a real thread. Its registry takes everything, after failing now
// and then.
struct ThreadFixture {
  ThreadFixture() {
    leases.SetScript([this](const std::string&) {
      return ++operations % 5 == 0 ? absl::UnavailableError("fake: refused")
                                   : absl::OkStatus();
    });
  }

  ~ThreadFixture() {
    keeper.Close();
    worker.Stop();
    dispatcher->Stop();
    CHECK(leases.overlaps() == 0);
    CHECK(leases.size() == 0);
  }

  static KeeperOptions Options() {
    KeeperOptions options;
    options.backend = "fake";
    options.refresh_interval = milliseconds(5);
    options.first_retry = milliseconds(1);
    options.max_retry = milliseconds(2);
    options.cancel_timeout = minutes(1);
    return options;
  }

  static RegisterOptions Patient() {
    RegisterOptions options;
    options.timeout = minutes(1);
    return options;
  }

  std::atomic<int> operations{0};
  base::Worker worker{"naming-renew"};
  testing::FakeLeases leases{&worker};
  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
  Keeper keeper{&worker, dispatcher, std::make_shared<Logger>(nullptr),
                leases.factory(), Options()};
};

TEST_CASE_METHOD(ThreadFixture,
                 "Many threads register, update and cancel at once",
                 "[keeper]") {
  std::atomic<int> failures{0};
  std::atomic<int> changes{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string hostname = std::to_string(i);
      for (int round = 0; round < 20; ++round) {
        RegisterOptions options = Patient();
        options.on_change = [&](const RegistrationState&) { ++changes; };
        auto registered =
            keeper.Register(MakeInstance("demo", hostname), options);
        if (!registered.ok()) {
          ++failures;
          continue;
        }
        if (!registered->Update(MakeInstance("demo", hostname, "2")).ok() ||
            !registered->Wait(minutes(1)).ok() ||
            registered->instance().version != "2") {
          ++failures;
        }
        if (round % 2 == 0 && !registered->Cancel().ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(changes > 0);
}

TEST_CASE_METHOD(ThreadFixture,
                 "Threads that want the same Instance get it in turn",
                 "[keeper]") {
  std::atomic<int> holders{0};
  std::atomic<int> successes{0};
  std::atomic<bool> is_wrong{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        auto registered = keeper.Register(MakeInstance("demo", "a"), Patient());
        if (registered.ok()) {
          if (++holders != 1) is_wrong = true;
          --holders;
          ++successes;
        } else if (!absl::IsAlreadyExists(registered.status())) {
          is_wrong = true;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(is_wrong);
  CHECK(successes > 0);
}

TEST_CASE("Close may come while others register, update and cancel",
          "[keeper]") {
  std::vector<std::thread> threads;
  std::atomic<int> registered_count{0};
  std::atomic<bool> is_wrong{false};
  {
    ThreadFixture fixture;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (;;) {
          auto registered = fixture.keeper.Register(
              MakeInstance("demo", std::to_string(i)), fixture.Patient());
          if (!registered.ok()) {
            is_wrong =
                is_wrong || !absl::IsFailedPrecondition(registered.status());
            return;
          }
          ++registered_count;
          registered->Update(MakeInstance("demo", "", "2")).IgnoreError();
        }
      });
    }
    CHECK(Eventually([&] { return registered_count > 20; }));
    fixture.keeper.Close();
    // The threads use the Keeper until they are told that it is closed.
    for (std::thread& thread : threads) thread.join();
  }
  CHECK_FALSE(is_wrong);
}

TEST_CASE_METHOD(ThreadFixture, "One handle may be used by many threads",
                 "[keeper]") {
  auto registered = keeper.Register(MakeInstance("demo", "a"), Patient());
  REQUIRE(registered.ok());
  std::atomic<bool> is_wrong{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        const std::string version = std::to_string(100 * i + round);
        const absl::Status updated =
            registered->Update(MakeInstance("demo", "a", version));
        const bool is_over = absl::IsFailedPrecondition(updated);
        if (!updated.ok() && !is_over) is_wrong = true;
        if (registered->state().is_registered && is_over) break;
        registered->Wait(milliseconds(1)).IgnoreError();
        if (i == 0 && round == 15) {
          is_wrong = is_wrong || !registered->Cancel().ok();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(is_wrong);
  CHECK(registered->Cancel().ok());
}

}  // namespace
}  // namespace naming::core
