// SPDX-License-Identifier: Apache-2.0

#include "core/keeper.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "tests/unit/core/keeper_fixture.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Eventually;
using testing::MakeInstance;

TEST_CASE_METHOD(KeeperFixture,
                 "Register returns when the registry has taken the Instance",
                 "[keeper]") {
  auto registering = StartRegister("a");
  loop.RunReady();
  CHECK(leases.operations() == Operations{"put a 1"});
  CHECK_FALSE(IsReady(registering));
  Answer("a", kOk);
  Registration& registration = Keep(Get(std::move(registering)));
  CHECK(registration.instance() == MakeInstance("demo", "a"));
  CHECK(registration.state().is_registered);
  CHECK(registration.state().last_error.ok());
  CHECK(log == Operations{"fake: register demo: registered"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "What is malformed is refused before any request",
                 "[keeper]") {
  Instance instance = MakeInstance("demo", "a");
  RegisterOptions options;
  const auto refusal = [&] {
    const absl::Status status = keeper.Register(instance, options).status();
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  using Catch::Matchers::StartsWith;

  SECTION("a field of the Instance") {
    instance.addrs.clear();
    CHECK_THAT(refusal(), StartsWith("fake: register demo: instance.addrs"));
  }
  SECTION("the timeout") {
    options.timeout =
        GENERATE(milliseconds(0), milliseconds(-1), milliseconds(600'001));
    CHECK(refusal() ==
          "fake: register demo: options.timeout: must be in [1ms, 10min]");
  }
  SECTION("the mode") {
    options.mode = static_cast<RegisterMode>(7);
    CHECK_THAT(refusal(), StartsWith("fake: register demo: options.mode"));
  }
  loop.Advance(minutes(1));
  CHECK(leases.operations().empty());
}

TEST_CASE_METHOD(KeeperFixture,
                 "One Instance is registered once at a time in one Client",
                 "[keeper]") {
  Registration& first = Registered("a");
  const absl::Status status =
      keeper.Register(MakeInstance("demo", "a"), {}).status();
  CHECK(absl::IsAlreadyExists(status));
  CHECK(status.message() ==
        "fake: register demo: this client has registered a in zone zone01, "
        "env dev");
  Registered("b");
  Instance elsewhere = MakeInstance("demo", "a");
  elsewhere.zone = "zone02";
  leases.AnswerAll(kOk);
  Keep(Blocking([&] { return keeper.Register(elsewhere, {}); }));

  CHECK(Blocking([&] { return first.Cancel(); }).ok());
  Registered("a");
}

TEST_CASE_METHOD(KeeperFixture,
                 "Register tries again, ever more slowly, until it succeeds",
                 "[keeper]") {
  leases.AnswerAll(kRefused);
  RegisterOptions options;
  options.timeout = minutes(10);
  auto registering = StartRegister("a", options);
  loop.Advance(minutes(1));
  const auto times = leases.TimesOf("put a 1");
  // 100 ms, doubled up to 5 s, each at least half: no fewer and no more.
  CHECK(times.size() >= 12);
  CHECK(times.size() <= 32);
  CHECK(times[1] - times[0] >= milliseconds(50));
  CHECK(times[1] - times[0] <= milliseconds(100));
  CHECK(times.back() - times[times.size() - 2] >= milliseconds(2500));
  CHECK(times.back() - times[times.size() - 2] <= seconds(5));
  CHECK_FALSE(IsReady(registering));

  leases.AnswerAll(kOk);
  loop.Advance(seconds(5));
  CHECK(Keep(Get(std::move(registering))).state().is_registered);
  // The first failure and the end of it, not each attempt.
  CHECK(log == Operations{"fake: register demo: a: refused",
                          "fake: register demo: registered"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "Register returns a refusal at once and leaves nothing behind",
                 "[keeper]") {
  const absl::StatusCode code = GENERATE(absl::StatusCode::kInvalidArgument,
                                         absl::StatusCode::kUnauthenticated,
                                         absl::StatusCode::kPermissionDenied,
                                         absl::StatusCode::kFailedPrecondition);
  const absl::Status refusal(code, "fake: register demo: a: no");
  auto registering = StartRegister("a");
  loop.RunReady();
  Answer("a", refusal);
  CHECK(Get(std::move(registering)).status() == refusal);
  loop.RunReady();
  // A Remove might hit an Instance that the refusal protects.
  CHECK(leases.operations() == Operations{"put a 1"});
  CHECK(leases.size() == 0);
  Registered("a");
}

TEST_CASE_METHOD(KeeperFixture,
                 "A refusal after an attempt that may have succeeded is "
                 "followed by a removal",
                 "[keeper]") {
  auto registering = StartRegister("a");
  loop.RunReady();
  Answer("a", kRefused);
  loop.Advance(milliseconds(100));
  Answer("a", absl::PermissionDeniedError("fake: register demo: a: no"));
  CHECK(absl::IsPermissionDenied(Get(std::move(registering)).status()));
  loop.RunReady();
  CHECK(leases.operations() == Operations{"put a 1", "put a 1", "remove a"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "At its timeout Register returns the last error and removes "
                 "what it may have put",
                 "[keeper]") {
  RegisterOptions options;
  options.on_change = changes.callback();
  auto registering = StartRegister("a", options);
  loop.RunReady();
  Answer("a", absl::InternalError("fake: register demo: a: first"));
  loop.Advance(milliseconds(100));
  Answer("a", kRefused);
  leases.AnswerNothing();
  loop.Advance(seconds(5) - milliseconds(101));
  CHECK_FALSE(IsReady(registering));
  loop.Advance(milliseconds(1));
  CHECK(Get(std::move(registering)).status() == kRefused);

  // The third attempt is under way: it gets half of cancel_timeout.
  loop.RunReady();
  CHECK(leases.last() == "put a 1");
  Answer("a", kOk);
  CHECK(leases.last() == "remove a");
  Answer("a", kOk);
  CHECK(leases.size() == 0);
  loop.Advance(minutes(5));
  CHECK(leases.last() == "remove a");
  CHECK(changes.seen().empty());
}

TEST_CASE_METHOD(KeeperFixture,
                 "When Register fails, its on_change is released", "[keeper]") {
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = owned;
  RegisterOptions options;
  options.on_change = [owned = std::move(owned)](const RegistrationState&) {};
  auto registering = Start([&] {
    RegisterOptions used = std::exchange(options, RegisterOptions());
    const absl::Status status =
        keeper.Register(MakeInstance("demo", "a"), used).status();
    used = RegisterOptions();
    return !status.ok() && watch.expired();
  });
  loop.Advance(seconds(5));
  CHECK(Get(std::move(registering)));
}

TEST_CASE_METHOD(KeeperFixture,
                 "Without any answer Register ends with kDeadlineExceeded",
                 "[keeper]") {
  auto registering = StartRegister("a");
  loop.Advance(seconds(5));
  CHECK(Get(std::move(registering)).status() ==
        absl::DeadlineExceededError(
            "fake: register demo: no answer within 5000ms"));
  loop.RunReady();
  CHECK(leases.last() == "put a 1");
  loop.Advance(seconds(1));
  CHECK(leases.operations() == Operations{"put a 1", "abort a", "remove a"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "A Register waits until the removal of its Instance is over",
                 "[keeper]") {
  auto failing = StartRegister("a");
  loop.RunReady();
  Answer("a", kRefused);
  loop.Advance(seconds(5));
  CHECK_FALSE(Get(std::move(failing)).ok());
  Answer("a", kRefused);
  REQUIRE(leases.last() == "remove a");
  leases.ForgetOperations();

  auto registering = StartRegister("a");
  loop.RunReady();
  CHECK(leases.operations().empty());
  Answer("a", kOk);
  CHECK(leases.operations() == Operations{"put a 1"});
  Answer("a", kOk);
  CHECK(Keep(Get(std::move(registering))).state().is_registered);
}

TEST_CASE_METHOD(KeeperFixture,
                 "A Register that waits for a removal in vain says so",
                 "[keeper]") {
  Registration& first = Registered("a");
  auto cancelling = Start([&] { return first.Cancel(); });
  loop.RunReady();
  RegisterOptions options;
  options.timeout = seconds(1);
  auto registering = StartRegister("a", options);
  loop.Advance(seconds(1));
  CHECK(Get(std::move(registering)).status() ==
        absl::DeadlineExceededError("fake: register demo: its earlier "
                                    "registration is still being removed"));
  // It never was in the registry: nothing is put or removed for it, and the
  // next one still waits for the first.
  Registration& third = Trying("a");
  CHECK(leases.operations() == Operations{"remove a"});
  CHECK_FALSE(third.state().is_registered);
  CHECK(absl::IsDeadlineExceeded(third.state().last_error));
  Answer("a", kOk);
  CHECK(Get(std::move(cancelling)).ok());
  CHECK(leases.operations() == Operations{"remove a", "put a 1"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "With kKeepTrying Register returns at once, and Wait tells",
                 "[keeper]") {
  Registration& registration = Trying("a");
  CHECK_FALSE(registration.state().is_registered);
  CHECK(
      registration.Wait(milliseconds(0)) ==
      absl::DeadlineExceededError("fake: wait for demo: no answer within 0ms"));
  Answer("a", kRefused);
  CHECK(registration.state().last_error == kRefused);
  CHECK(registration.Wait(milliseconds(0)) == kRefused);

  auto waiting = Start([&] { return registration.Wait(milliseconds::max()); });
  loop.Advance(seconds(1));
  CHECK_FALSE(IsReady(waiting));
  Answer("a", kOk);
  CHECK(Get(std::move(waiting)).ok());
  CHECK(registration.Wait(milliseconds(0)).ok());
  CHECK(registration.Wait(milliseconds::min()).ok());
}

TEST_CASE_METHOD(KeeperFixture, "Wait ends at its timeout", "[keeper]") {
  Registration& registration = Trying("a");
  auto waiting = Start([&] { return registration.Wait(seconds(3)); });
  loop.Advance(milliseconds(2999));
  CHECK_FALSE(IsReady(waiting));
  loop.Advance(milliseconds(1));
  CHECK(absl::IsDeadlineExceeded(Get(std::move(waiting))));
}

TEST_CASE_METHOD(KeeperFixture,
                 "With kKeepTrying even a refusal is tried again, slowly",
                 "[keeper]") {
  leases.AnswerAll(absl::InvalidArgumentError("fake: register demo: a: no"));
  Registration& registration = Trying("a");
  loop.Advance(minutes(1));
  CHECK(leases.operations().size() <= 32);
  CHECK(absl::IsInvalidArgument(registration.state().last_error));
  leases.AnswerAll(kOk);
  loop.Advance(seconds(5));
  CHECK(registration.state().is_registered);
}

TEST_CASE_METHOD(KeeperFixture, "on_change tells when it is registered",
                 "[keeper]") {
  RegisterOptions options;
  options.on_change = changes.callback();
  Trying("a", options);
  Answer("a", kRefused);
  loop.Advance(seconds(1));
  Answer("a", kOk);
  CHECK(Eventually([&] { return changes.seen().size() == 1; }));
  CHECK(changes.seen() == std::vector<bool>{true});
}

}  // namespace
}  // namespace naming::core
