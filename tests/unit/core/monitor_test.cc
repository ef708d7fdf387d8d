// SPDX-License-Identifier: Apache-2.0

#include "core/monitor.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/answer.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"

namespace naming::core {
namespace {

using Kind = ClientEvent::Kind;
using std::chrono::seconds;
using testing::Eventually;

const absl::Status kNodeRefused =
    absl::UnavailableError("fake: node a: refused");
const absl::Status kReset = absl::UnavailableError("fake: node b: reset");

// What a sink was told, in order. Thread-safe.
class Events final {
 public:
  EventSink sink() {
    return [this](const ClientEvent& event) {
      base::MutexLock lock(mutex_);
      events_.push_back(event);
    };
  }

  std::vector<ClientEvent> seen() const {
    base::MutexLock lock(mutex_);
    return events_;
  }

  std::vector<Kind> kinds() const {
    std::vector<Kind> kinds;
    for (const ClientEvent& event : seen()) kinds.push_back(event.kind);
    return kinds;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<ClientEvent> events_ ABSL_GUARDED_BY(mutex_);
};

struct MonitorFixture {
  ~MonitorFixture() { dispatcher->Stop(); }

  testing::FakeClock clock;
  Events events;
  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
  Monitor monitor{clock, dispatcher, nullptr, events.sink()};
};

TEST_CASE("A client's state follows its nodes", "[monitor]") {
  MonitorFixture f;
  const auto made = f.clock.WallNow();
  CHECK(f.monitor.state() == ClientState{false, made, "", absl::OkStatus()});

  f.clock.Advance(seconds(1));
  f.monitor.Failed(kNodeRefused);
  CHECK(f.monitor.state() == ClientState{false, made, "", kNodeRefused});

  f.monitor.Answered("fake", "b");
  const auto found = f.clock.WallNow();
  CHECK(f.monitor.state() == ClientState{true, found, "b", absl::OkStatus()});

  f.clock.Advance(seconds(1));
  f.monitor.Answered("fake", "a");  // A switch is no change of is_connected.
  CHECK(f.monitor.state() == ClientState{true, found, "a", absl::OkStatus()});
  f.monitor.Failed(kReset);
  CHECK(f.monitor.state() == ClientState{true, found, "a", kReset});

  f.monitor.Lost(kNodeRefused);
  const auto lost = f.clock.WallNow();
  CHECK(f.monitor.state() == ClientState{false, lost, "a", kNodeRefused});
  f.clock.Advance(seconds(1));
  f.monitor.Lost(kReset);
  CHECK(f.monitor.state() == ClientState{false, lost, "a", kReset});
}

TEST_CASE("Each change of the connection is told once, in order", "[monitor]") {
  MonitorFixture f;
  f.monitor.Lost(kNodeRefused);  // None answers at first.
  f.monitor.Lost(kNodeRefused);
  f.monitor.Answered("fake", "a");
  f.monitor.Answered("fake", "a");
  f.monitor.Failed(kNodeRefused);
  f.monitor.Answered("fake", "b");
  f.monitor.Lost(kReset);
  f.monitor.Answered("fake", "b");
  REQUIRE(Eventually([&] { return f.events.seen().size() == 5; }));
  CHECK(f.events.kinds() ==
        std::vector<Kind>{Kind::kBackendLost, Kind::kBackendFound,
                          Kind::kNodeSwitched, Kind::kBackendLost,
                          Kind::kBackendFound});
  const auto events = f.events.seen();
  CHECK(events[0].message == "fake: node a: refused");
  CHECK(events[1].node == "a");
  CHECK(events[2].node == "b");
  CHECK(events[2].message == "fake: node b: asked instead of a");
  CHECK(events[4].time == f.clock.WallNow());
}

TEST_CASE("A sink that is slow costs the oldest events", "[monitor]") {
  MonitorFixture f;
  Answer begun;
  Answer go_on;
  f.dispatcher->Post([&] {
    begun.Give(absl::OkStatus());
    go_on.Get().IgnoreError();
  });
  CHECK(begun.Get().ok());
  for (int i = 0; i < 1010; ++i) {
    ClientEvent event;
    event.app_id = std::to_string(i);
    f.monitor.Tell(event);
  }
  CHECK(f.monitor.counters().Stats().dropped_events == 10);
  go_on.Give(absl::OkStatus());
  REQUIRE(Eventually([&] { return f.events.seen().size() == 1000; }));
  CHECK(f.events.seen().front().app_id == "10");
  CHECK(f.events.seen().back().app_id == "1009");
}

TEST_CASE("Without a sink everything but events works", "[monitor]") {
  Monitor monitor;
  monitor.Answered("fake", "a");
  monitor.Warn(ClientEvent());
  CHECK(monitor.state().is_connected);
  CHECK(monitor.counters().Stats() == ClientStats());
}

TEST_CASE("Each counter has its own number", "[monitor]") {
  Monitor monitor;
  Counters& counters = monitor.counters();
  counters.requests.Add();
  counters.polls.Add(2);
  counters.pushes.Add(3);
  counters.drift_repairs.Add(4);
  counters.bytes_received.Add(std::uint64_t{1} << 40);
  counters.bytes_received.Add(5);
  ClientStats expected;
  expected.requests = 1;
  expected.polls = 2;
  expected.pushes = 3;
  expected.drift_repairs = 4;
  expected.bytes_received = (std::uint64_t{1} << 40) + 5;
  CHECK(counters.Stats() == expected);
}

}  // namespace
}  // namespace naming::core
