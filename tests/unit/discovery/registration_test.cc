// SPDX-License-Identifier: Apache-2.0
// What a registration survives: core's Keeper with discovery's Lease, on a fake
// clock, against a model of the nodes.

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/dispatcher.h"
#include "core/keeper.h"
#include "core/logger.h"
#include "discovery/lease.h"
#include "net/cautious_http_client.h"
#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/unit/discovery/fixture.h"
#include "tests/unit/discovery/model_node.h"

namespace naming::discovery {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// A renewal comes every 30 s.
constexpr seconds kRenewal{31};

constexpr const char* kOurs = "http://h:80";

struct RegistrationFixture : Fixture {
  RegistrationFixture()
      : Fixture({"http://a:1", "http://b:1"}),
        keeper(
            &loop, dispatcher, std::make_shared<core::Logger>(LogSink()),
            [this](const Instance& instance) {
              return std::make_unique<Lease>(loop, cautious_requester,
                                             instance);
            },
            Options()) {}

  ~RegistrationFixture() {
    auto closing = testing::AsyncUntilAsleep([this] { keeper.Close(); });
    RunUntilReady(closing);
    dispatcher->Stop();
  }

  static core::KeeperOptions Options() {
    core::KeeperOptions options;
    options.backend = "discovery";
    return options;
  }

  template <typename T>
  void RunUntilReady(std::future<T>& future) {
    REQUIRE(testing::Eventually([&] {
      Run(milliseconds(10));
      return future.wait_for(seconds(0)) == std::future_status::ready;
    }));
  }

  void Run(std::chrono::milliseconds time) {
    for (milliseconds passed{0}; passed < time; passed += milliseconds(10)) {
      nodes_model.Serve(http);
      loop.Advance(milliseconds(10));
      nodes_model.Serve(http);
    }
  }

  void Register() {
    RegisterOptions options;
    options.mode = RegisterMode::kKeepTrying;
    auto registered = keeper.Register(MakeInstance(), options);
    REQUIRE(registered.ok());
    registration = *std::move(registered);
  }

  void RegisterAndHold() {
    Register();
    Run(seconds(1));
    REQUIRE(IsHeld());
  }

  bool IsHeld() const {
    const auto it = nodes_model.records.find("h");
    return it != nodes_model.records.end() && it->second.addr == kOurs;
  }

  std::int64_t WallTime() const {
    return loop.clock().WallNow().time_since_epoch().count();
  }

  // As the Client has them.
  net::CautiousHttpClient cautious_http{loop, http};
  Requester cautious_requester{loop.clock(), cautious_http, nodes, {}};
  ModelNodes nodes_model;
  std::shared_ptr<core::Dispatcher> dispatcher =
      std::make_shared<core::Dispatcher>();
  core::Keeper keeper;
  Registration registration;
};

TEST_CASE("A registration survives what happens to its record",
          "[discovery][registration]") {
  RegistrationFixture f;
  f.RegisterAndHold();
  SECTION("its nodes restart empty") {
    f.nodes_model.dead = {"http://a:1", "http://b:1"};
    f.Run(seconds(5));
    f.nodes_model.dead.clear();
    f.nodes_model.records.clear();
  }
  SECTION("all nodes are down for 60 s, and come back empty") {
    f.nodes_model.dead = {"http://a:1", "http://b:1"};
    f.Run(seconds(60));
    f.nodes_model.dead.clear();
    f.nodes_model.records.clear();
  }
  SECTION("all nodes hang for 60 s") {
    f.nodes_model.hung = {"http://a:1", "http://b:1"};
    for (int i = 0; i < 20; ++i) {
      f.Run(seconds(3));
      f.nodes_model.TimeOut(f.http);
    }
    f.nodes_model.Resume();
  }
  SECTION("somebody else removes it") { f.nodes_model.records.clear(); }
  SECTION("somebody else overwrites it") {
    f.nodes_model.records["h"] = {"http://other:1", f.WallTime()};
  }
  SECTION("somebody else overwrites it, with a time in the future") {
    f.nodes_model.records["h"] = {"http://other:1",
                                  f.WallTime() + nanoseconds(hours(1)).count()};
  }
  SECTION("the clock is set back by an hour, and it is lost") {
    f.loop.fake_clock().SetBackWall(hours(1));
    f.nodes_model.records.clear();
  }
  SECTION("the clock is set back by an hour, and it is overwritten") {
    f.loop.fake_clock().SetBackWall(hours(1));
    f.nodes_model.records["h"] = {
        "http://other:1", f.nodes_model.records["h"].dirty_timestamp + 1};
  }
  f.Run(kRenewal);
  CHECK(f.IsHeld());
  CHECK(f.registration.state().is_registered);
  // And it stays.
  f.Run(std::chrono::minutes(2));
  CHECK(f.IsHeld());
}

TEST_CASE("A registration wins over a record with a time in the future",
          "[discovery][registration]") {
  RegistrationFixture f;
  f.nodes_model.records["h"] = {"http://other:1",
                                f.WallTime() + nanoseconds(hours(1)).count()};
  f.RegisterAndHold();
}

TEST_CASE("After Cancel a registration never returns, whatever was in flight",
          "[discovery][registration]") {
  RegistrationFixture f;
  SECTION("nothing") { f.RegisterAndHold(); }
  SECTION("a renewal") {
    f.RegisterAndHold();
    f.nodes_model.hung = {"http://a:1", "http://b:1"};
    f.Run(kRenewal);
  }
  SECTION("the first register") {
    f.nodes_model.hung = {"http://a:1", "http://b:1"};
    f.Register();
    f.Run(milliseconds(20));
  }
  SECTION("a register that has timed out, after which another one succeeded") {
    f.nodes_model.hung = {"http://a:1"};
    f.Register();
    f.Run(seconds(3));
    f.nodes_model.TimeOut(f.http);
    f.Run(seconds(1));
    REQUIRE(f.IsHeld());
  }
  SECTION("the same, of the other node") {
    f.nodes_model.hung = {"http://b:1"};
    f.Register();
    f.Run(seconds(3));
    f.nodes_model.TimeOut(f.http);
    f.Run(seconds(1));
    REQUIRE(f.IsHeld());
  }
  SECTION("the register that follows a loss") {
    f.RegisterAndHold();
    f.nodes_model.records.clear();
    f.Run(seconds(14));
    f.nodes_model.hung = {"http://a:1", "http://b:1"};
    f.Run(kRenewal);
  }
  auto cancelling =
      testing::AsyncUntilAsleep([&f] { return f.registration.Cancel().ok(); });
  f.RunUntilReady(cancelling);
  f.nodes_model.TimeOut(f.http);
  f.nodes_model.Resume();
  f.Run(std::chrono::minutes(3));
  CHECK(f.nodes_model.records.empty());
}

TEST_CASE("Cancelling what never left the machine takes no time",
          "[discovery][registration]") {
  RegistrationFixture f;
  f.nodes_model.dead = {"http://a:1", "http://b:1"};
  f.Register();
  f.Run(seconds(1));
  const auto began = f.loop.clock().Now();
  auto cancelling =
      testing::AsyncUntilAsleep([&f] { return f.registration.Cancel().ok(); });
  REQUIRE(testing::Eventually([&] {
    f.loop.RunReady();
    return cancelling.wait_for(seconds(0)) == std::future_status::ready;
  }));
  CHECK(cancelling.get());
  CHECK(f.loop.clock().Now() == began);
}

struct ManyFixture : RegistrationFixture {
  ~ManyFixture() {
    auto closing = testing::AsyncUntilAsleep([this] { keeper.Close(); });
    RunUntilReady(closing);
  }

  void RegisterMany(int count) {
    RegisterOptions options;
    options.mode = RegisterMode::kKeepTrying;
    for (int i = 0; i < count; ++i) {
      Instance instance = MakeInstance();
      instance.hostname = "h" + std::to_string(i);
      many.push_back(keeper.Register(instance, options).value());
    }
  }

  void CheckMinutes(int count) {
    for (int minute = 0; minute < count; ++minute) {
      nodes_model.attempts.clear();
      for (int i = 0; i < 6000; ++i) {
        Run(milliseconds(10));
        nodes_model.TimeOutDue(http, loop.clock().Now());
      }
      for (const auto& [node, attempts] : nodes_model.attempts) {
        if (nodes_model.Serves(node)) continue;
        CAPTURE(node, minute);
        CHECK(attempts <= 20);
      }
    }
  }

  std::vector<Registration> many;
};

TEST_CASE("Cancelling what only waits to be sent takes no time",
          "[discovery][registration]") {
  ManyFixture f;
  f.nodes_model.hung = {"http://a:1", "http://b:1"};
  f.RegisterMany(5);
  f.Run(milliseconds(20));
  const auto began = f.loop.clock().Now();
  auto cancelling =
      testing::AsyncUntilAsleep([&f] { return f.many.back().Cancel().ok(); });
  REQUIRE(testing::Eventually([&] {
    f.loop.RunReady();
    return cancelling.wait_for(seconds(0)) == std::future_status::ready;
  }));
  CHECK(cancelling.get());
  CHECK(f.loop.clock().Now() == began);
}

TEST_CASE("What was registered is cancelled though the look at it only waits",
          "[discovery][registration]") {
  ManyFixture f;
  f.RegisterMany(10);
  f.loop.RunReady();
  f.nodes_model.Serve(f.http);
  REQUIRE(f.nodes_model.records.size() == 1);
  REQUIRE(f.http.CountWaiting("/discovery/renew") == 0);
  const std::string hostname = f.nodes_model.records.begin()->first;
  Registration& registered = f.many.at(std::stoul(hostname.substr(1)));
  auto cancelling =
      testing::AsyncUntilAsleep([&] { return registered.Cancel().ok(); });
  f.loop.RunReady();  // Before anything else is answered.
  f.RunUntilReady(cancelling);
  CHECK(cancelling.get());
  CHECK(f.nodes_model.records.count(hostname) == 0);
}

TEST_CASE("Many registrations try a dead node at most 20 times a minute",
          "[discovery][registration]") {
  ManyFixture f;
  f.nodes_model.dead = {"http://a:1", "http://b:1"};
  f.RegisterMany(200);
  f.CheckMinutes(3);
}

TEST_CASE("Many registrations try a hung node at most 20 times a minute",
          "[discovery][registration]") {
  ManyFixture f;
  SECTION("that never did anything else") {
    f.nodes_model.hung = {"http://a:1", "http://b:1"};
    f.RegisterMany(200);
  }
  SECTION("that has their records") {
    f.RegisterMany(200);
    f.Run(seconds(20));
    f.nodes_model.hung = {"http://a:1", "http://b:1"};
  }
  SECTION("while another one answers") {
    f.nodes_model.hung = {"http://a:1"};
    f.RegisterMany(200);
    f.Run(seconds(1));
    f.nodes_model.TimeOutDue(f.http, f.loop.clock().Now());
  }
  f.CheckMinutes(3);
}

}  // namespace
}  // namespace naming::discovery
