// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/status_mark.h"
#include "tests/unit/core/keeper_fixture.h"

// What a Keeper shows of its registrations.
namespace naming::core {
namespace {

using std::chrono::seconds;
using testing::Eventually;

// The messages that a sink was told, with the kind before each. Thread-safe.
class Messages final {
 public:
  EventSink sink() {
    return [this](const ClientEvent& event) {
      base::MutexLock lock(mutex_);
      seen_.push_back(std::string(ToString(event.kind)) + " " + event.app_id +
                      " " + event.hostname + " " + event.node);
    };
  }

  std::vector<std::string> seen() const {
    base::MutexLock lock(mutex_);
    return seen_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<std::string> seen_ ABSL_GUARDED_BY(mutex_);
};

struct MonitoredKeeper {
  KeeperOptions Options() {
    KeeperOptions options = KeeperFixture::Options();
    options.monitor = monitor;
    return options;
  }

  ClientStats stats() const { return monitor->counters().Stats(); }

  Messages events;
  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
  std::shared_ptr<Monitor> monitor = std::make_shared<Monitor>(
      base::Clock::Real(), dispatcher, nullptr, events.sink());
  KeeperFixture keeper{Options()};

  ~MonitoredKeeper() { dispatcher->Stop(); }
};

TEST_CASE("A registration's state tells since when and from which node",
          "[keeper]") {
  KeeperFixture f;
  const auto called = f.loop.clock().WallNow();
  const Registration& registration = f.Trying("a");
  RegistrationState expected;
  expected.since = called;
  CHECK(registration.state() == expected);

  f.loop.Advance(seconds(1));
  f.Answer("a", kRefused);
  expected.node = "node-of-a";
  expected.last_error = kRefused;
  CHECK(registration.state() == expected);

  f.loop.Advance(seconds(1));
  f.Answer("a", kOk);
  expected.is_registered = true;
  expected.since = f.loop.clock().WallNow();
  expected.last_error = kOk;
  CHECK(registration.state() == expected);

  f.loop.Advance(seconds(30));  // Refreshed: no change.
  f.Answer("a", kOk);
  CHECK(registration.state() == expected);
}

TEST_CASE("Registrations lost and regained are told and counted", "[keeper]") {
  MonitoredKeeper m;
  KeeperFixture& f = m.keeper;
  Registration& registration = f.Registered("a");
  CHECK(m.stats().registrations == 1);
  f.keeper.RefreshAll();
  f.loop.RunReady();
  f.Answer("a", kOk);
  CHECK(m.stats().renewals == 1);

  f.keeper.RefreshAll();
  f.loop.RunReady();
  f.Answer("a", kVanished);
  CHECK(m.stats().failed_renewals == 1);
  f.Answer("a", kOk);
  CHECK(m.stats().registrations == 2);
  CHECK(m.stats().reregistrations == 1);

  // What its owner ends isn't lost.
  f.leases.AnswerAll(kOk);
  CHECK(f.Blocking([&] { return registration.Cancel(); }).ok());
  f.Registered("b");
  REQUIRE(Eventually([&] { return m.events.seen().size() == 4; }));
  CHECK(m.events.seen() ==
        std::vector<std::string>{
            "registered demo a node-of-a", "registration lost demo a node-of-a",
            "registered demo a node-of-a", "registered demo b node-of-b"});
  CHECK(m.stats().reregistrations == 1);
}

TEST_CASE("A renewal that wasn't sent isn't counted as failed", "[keeper]") {
  MonitoredKeeper m;
  KeeperFixture& f = m.keeper;
  const Registration& registration = f.Registered("a");
  const absl::Status failure = absl::UnavailableError("no node");
  f.keeper.RefreshAll();
  f.loop.RunReady();
  f.Answer("a", base::kUnsent.PutOn(failure));
  CHECK(m.stats().failed_renewals == 0);
  CHECK(registration.state().last_error == failure);

  f.keeper.RefreshAll();
  f.loop.RunReady();
  f.Answer("a", failure);
  CHECK(m.stats().failed_renewals == 1);
}

}  // namespace
}  // namespace naming::core
