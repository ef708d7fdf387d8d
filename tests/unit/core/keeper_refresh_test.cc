// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "core/keeper.h"
#include "tests/unit/core/keeper_fixture.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Eventually;
using testing::MakeInstance;

const absl::Status kTimedOut =
    absl::UnavailableError("fake: renew demo: a: timed out");

TEST_CASE_METHOD(KeeperFixture,
                 "A registration is refreshed at each interval, less a tenth, "
                 "and never put again",
                 "[keeper]") {
  Registration& registration = Registered("a");
  const auto put_at = loop.clock().Now();
  leases.AnswerAll(kOk);
  loop.Advance(minutes(10));
  const auto times = leases.TimesOf("refresh a");
  CHECK(leases.operations().size() == times.size());
  REQUIRE(times.size() >= 20);
  CHECK(times[0] - put_at >= seconds(15));
  CHECK(times[0] - put_at <= seconds(30));
  for (std::size_t i = 1; i < times.size(); ++i) {
    CHECK(times[i] - times[i - 1] >= seconds(27));
    CHECK(times[i] - times[i - 1] <= seconds(30));
  }
  CHECK(registration.state().is_registered);
  CHECK(log == Operations{"fake: register demo: registered"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "Many registrations of one moment are refreshed at many",
                 "[keeper]") {
  leases.AnswerAll(kOk);
  for (int i = 0; i < 1000; ++i) Trying(std::to_string(i));
  leases.ForgetOperations();
  const auto start = loop.clock().Now();
  loop.Advance(seconds(30));
  std::map<std::int64_t, int> per_second;
  int total = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto times = leases.TimesOf("refresh " + std::to_string(i));
    REQUIRE_FALSE(times.empty());
    ++per_second[std::chrono::floor<seconds>(times[0] - start).count()];
    ++total;
  }
  CHECK(total == 1000);
  // Even would be 67 in each of 15 seconds.
  for (const auto& [second, count] : per_second) CHECK(count <= 120);
}

TEST_CASE_METHOD(KeeperFixture, "What the registry lost is put at once",
                 "[keeper]") {
  RegisterOptions options;
  options.on_change = changes.callback();
  Registration& registration = Registered("a", options);
  loop.Advance(seconds(30));
  REQUIRE(leases.last() == "refresh a");
  Answer("a", kVanished);
  CHECK(leases.operations() == Operations{"refresh a", "put a 1"});
  CHECK_FALSE(registration.state().is_registered);
  CHECK(registration.state().last_error == kVanished);
  Answer("a", kOk);
  CHECK(registration.state().is_registered);
  CHECK(registration.state().last_error.ok());
  CHECK(Eventually([&] { return changes.seen().size() == 3; }));
  CHECK(changes.seen() == std::vector<bool>{true, false, true});
  CHECK(log == Operations{"fake: register demo: registered",
                          "fake: renew demo: a: code -404",
                          "fake: register demo: registered"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "A registry that takes it and then denies it is asked ever "
                 "more slowly",
                 "[keeper]") {
  Registered("a");
  leases.SetScript([](const std::string& operation) {
    return operation == "refresh a" ? kVanished : kOk;
  });
  // Each put is asked about at once, so that only the back-off slows it down.
  int rounds = 0;
  for (const auto end = loop.clock().Now() + minutes(1);
       loop.clock().Now() < end; loop.Advance(milliseconds(10))) {
    if (leases.last() != "refresh a") {
      keeper.RefreshAll();
      loop.RunReady();
      ++rounds;
    }
  }
  CHECK(leases.Count("put a 1") <= 32);
  CHECK(leases.Count("put a 1") >= 12);
  CHECK(rounds >= 12);

  // After a good refresh, a loss is repaired at once again.
  leases.AnswerAll(kOk);
  loop.Advance(minutes(2));
  leases.AnswerNothing();
  loop.Advance(seconds(30));
  REQUIRE(leases.last() == "refresh a");
  Answer("a", kVanished);
  CHECK(leases.last() == "put a 1");
}

TEST_CASE_METHOD(KeeperFixture, "A failed refresh is repeated with back-off",
                 "[keeper]") {
  Registration& registration = Registered("a");
  leases.AnswerAll(kTimedOut);
  loop.Advance(minutes(1));
  const auto times = leases.TimesOf("refresh a");
  REQUIRE(times.size() >= 6);
  CHECK(leases.operations().size() == times.size());
  CHECK(times[1] - times[0] <= milliseconds(100));
  CHECK(times[5] - times[4] >= milliseconds(800));
  CHECK(times.back() - times[times.size() - 2] <= seconds(5));
  CHECK(registration.state().is_registered);
  CHECK(registration.state().last_error == kTimedOut);

  leases.AnswerAll(kOk);
  loop.Advance(seconds(5));
  CHECK(registration.state().last_error.ok());
  CHECK(log == Operations{"fake: register demo: registered",
                          "fake: renew demo: a: timed out",
                          "fake: register demo: refreshed again"});

  // The back-off begins again.
  leases.ForgetOperations();
  leases.AnswerAll(kTimedOut);
  loop.Advance(minutes(1));
  const auto later = leases.TimesOf("refresh a");
  REQUIRE(later.size() >= 2);
  CHECK(later[1] - later[0] <= milliseconds(100));
}

TEST_CASE_METHOD(KeeperFixture,
                 "Without an answer for a lease's time it counts as lost, and "
                 "is put instead of refreshed",
                 "[keeper]") {
  RegisterOptions options;
  options.on_change = changes.callback();
  Registration& registration = Registered("a", options);
  leases.AnswerAll(kTimedOut);
  loop.Advance(seconds(90) - milliseconds(1));
  CHECK(registration.state().is_registered);
  CHECK(leases.Count("put a 1") == 0);
  leases.AnswerNothing();
  loop.Advance(milliseconds(1));
  CHECK_FALSE(registration.state().is_registered);
  CHECK(registration.state().last_error == kTimedOut);
  CHECK(leases.last() == "put a 1");

  leases.AnswerAll(kTimedOut);
  Answer("a", kTimedOut);
  leases.ForgetOperations();
  loop.Advance(minutes(10));
  CHECK(leases.Count("refresh a") == 0);
  CHECK(leases.Count("put a 1") > 100);
  CHECK(leases.Count("put a 1") < 300);

  leases.AnswerAll(kOk);
  loop.Advance(seconds(5));
  CHECK(registration.state().is_registered);
  CHECK(Eventually([&] { return changes.seen().size() == 3; }));
  CHECK(changes.seen() == std::vector<bool>{true, false, true});
  CHECK(log == Operations{"fake: register demo: registered",
                          "fake: renew demo: a: timed out",
                          "fake: register demo: lost: it could not be "
                          "refreshed for 90000ms",
                          "fake: register demo: registered"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "It counts as lost also while a refresh hangs, whose answer "
                 "then counts",
                 "[keeper]") {
  Registration& registration = Registered("a");
  loop.Advance(seconds(90));
  REQUIRE(leases.operations() == Operations{"refresh a"});
  CHECK_FALSE(registration.state().is_registered);
  CHECK(registration.state().last_error ==
        absl::DeadlineExceededError("fake: register demo: lost: it could not "
                                    "be refreshed for 90000ms"));
  SECTION("it was there all the time") {
    Answer("a", kOk);
    CHECK(registration.state().is_registered);
    CHECK(leases.operations() == Operations{"refresh a"});
  }
  SECTION("it isn't there") {
    Answer("a", kVanished);
    CHECK(leases.operations() == Operations{"refresh a", "put a 1"});
  }
  SECTION("nobody knows") {
    Answer("a", kTimedOut);
    loop.Advance(milliseconds(100));
    CHECK(leases.operations() == Operations{"refresh a", "put a 1"});
  }
}

TEST_CASE_METHOD(KeeperFixture, "A loss during the lease's time counts once",
                 "[keeper]") {
  Registration& registration = Registered("a");
  loop.Advance(seconds(30));
  Answer("a", kVanished);
  leases.AnswerAll(kRefused);
  Answer("a", kRefused);
  loop.Advance(minutes(5));
  CHECK(registration.state().last_error == kRefused);
  CHECK(log == Operations{"fake: register demo: registered",
                          "fake: renew demo: a: code -404"});
}

TEST_CASE_METHOD(KeeperFixture, "A slow on_change is told of every change",
                 "[keeper]") {
  RegisterOptions options;
  options.on_change = changes.callback();
  std::promise<void> release;
  dispatcher->Post([&] { release.get_future().wait(); });
  Registered("a", options);
  loop.Advance(seconds(30));
  Answer("a", kVanished);
  Answer("a", kOk);
  CHECK(changes.seen().empty());
  release.set_value();
  CHECK(Eventually([&] { return changes.seen().size() == 3; }));
  CHECK(changes.seen() == std::vector<bool>{true, false, true});
}

TEST_CASE_METHOD(KeeperFixture, "RefreshAll doesn't wait for the interval",
                 "[keeper]") {
  Registered("a");
  Trying("b");
  Answer("b", kRefused);
  leases.ForgetOperations();
  keeper.RefreshAll();
  loop.RunReady();
  CHECK(leases.operations() == Operations{"refresh a", "put b 1"});

  // What is under way may have been there too early: it is asked again.
  keeper.RefreshAll();
  loop.RunReady();
  leases.ForgetOperations();
  Answer("a", kOk);
  CHECK(leases.operations() == Operations{"refresh a"});
  Answer("a", kOk);
  CHECK(leases.operations() == Operations{"refresh a"});
  Answer("b", kOk);
  CHECK(leases.operations() == Operations{"refresh a", "refresh b"});

  // The interval begins anew.
  leases.ForgetOperations();
  loop.Advance(seconds(27) - milliseconds(1));
  CHECK(leases.Count("refresh a") == 0);
  loop.Advance(seconds(3));
  CHECK(leases.Count("refresh a") == 1);
}

}  // namespace
}  // namespace naming::core
