// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_CORE_KEEPER_FIXTURE_H_
#define NAMING_TESTS_UNIT_CORE_KEEPER_FIXTURE_H_

#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "core/keeper.h"
#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_lease.h"
#include "tests/support/fake_loop.h"
#include "tests/support/instances.h"

namespace naming::core {

// What an on_change was told: whether it was registered each time. Thread-safe.
class Changes final {
 public:
  std::function<void(const RegistrationState&)> callback() {
    return [this](const RegistrationState& state) { Add(state); };
  }

  void Add(const RegistrationState& state) {
    base::MutexLock lock(mutex_);
    seen_.push_back(state.is_registered);
  }

  std::vector<bool> seen() const {
    base::MutexLock lock(mutex_);
    return seen_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<bool> seen_ ABSL_GUARDED_BY(mutex_);
};

// A Keeper on a FakeLoop, which this thread runs. What waits for the loop is
// called on a thread of its own: see Start() and Blocking().
struct KeeperFixture {
  explicit KeeperFixture(KeeperOptions options = Options());
  ~KeeperFixture();

  static KeeperOptions Options() {
    KeeperOptions options;
    options.backend = "fake";
    return options;
  }

  template <typename T>
  static bool IsReady(const std::future<T>& future) {
    return future.wait_for(std::chrono::seconds(0)) ==
           std::future_status::ready;
  }

  // Begins `call`: what it asks of the loop is posted when this returns.
  template <typename Call>
  static auto Start(Call call) {
    return testing::AsyncUntilAsleep(std::move(call));
  }

  // Returns the result of a call that needs no more time of the loop's clock.
  template <typename T>
  T Get(std::future<T> future) {
    REQUIRE(testing::Eventually([&] {
      loop.RunReady();
      return IsReady(future);
    }));
    return future.get();
  }

  template <typename Call>
  auto Blocking(Call call) {
    return Get(Start(std::move(call)));
  }

  std::future<absl::StatusOr<Registration>> StartRegister(
      const std::string& hostname, RegisterOptions options = RegisterOptions());

  // Keeps `registered` until the Keeper is closed, so that destroying it
  // doesn't wait for the loop.
  Registration& Keep(absl::StatusOr<Registration> registered);

  // Returns a registration that the registry has taken; from then on,
  // operations stay under way, and none is noted yet.
  Registration& Registered(const std::string& hostname,
                           RegisterOptions options = RegisterOptions());

  // Returns one with kKeepTrying, whose put is under way.
  Registration& Trying(const std::string& hostname,
                       RegisterOptions options = RegisterOptions());

  // Answers the operation under way and runs what follows.
  void Answer(const std::string& hostname, const absl::Status& status);

  testing::FakeLoop loop;
  testing::FakeLeases leases{&loop};
  std::vector<std::string> log;  // Written on this thread, under the loop.
  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
  std::shared_ptr<Logger> logger;
  Keeper keeper;
  Changes changes;  // For an on_change; outlives what is kept.
  std::deque<Registration> kept;
};

using Operations = std::vector<std::string>;

const absl::Status kOk;
const absl::Status kRefused =
    absl::UnavailableError("fake: register demo: a: refused");
const absl::Status kVanished =
    absl::NotFoundError("fake: renew demo: a: code -404");

}  // namespace naming::core

#endif  // NAMING_TESTS_UNIT_CORE_KEEPER_FIXTURE_H_
