// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "core/keeper.h"
#include "tests/unit/core/keeper_fixture.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Eventually;
using testing::MakeInstance;

const absl::Status kNotRemoved =
    absl::UnavailableError("fake: cancel demo: a: refused");

TEST_CASE_METHOD(KeeperFixture,
                 "Cancel removes the Instance, and nothing is sent after it",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.RunReady();
  CHECK_FALSE(IsReady(cancelling));
  Answer("a", kOk);
  CHECK(Get(std::move(cancelling)).ok());
  CHECK(leases.size() == 0);
  keeper.RefreshAll();
  loop.Advance(minutes(10));
  CHECK(leases.operations() == Operations{"remove a"});
  CHECK(registration.Cancel().ok());
  CHECK(registration.instance() == MakeInstance("demo", "a"));
}

TEST_CASE_METHOD(KeeperFixture, "Cancel is told to on_change", "[keeper]") {
  RegisterOptions options;
  options.on_change = changes.callback();
  Registration& registration = Registered("a", options);
  leases.AnswerAll(kOk);
  CHECK(Blocking([&] { return registration.Cancel(); }).ok());
  CHECK_FALSE(registration.state().is_registered);
  CHECK(registration.state().last_error ==
        absl::FailedPreconditionError(
            "fake: register demo: the registration was cancelled"));
  CHECK(Eventually([&] { return changes.seen().size() == 2; }));
  CHECK(changes.seen() == std::vector<bool>{true, false});
}

TEST_CASE_METHOD(KeeperFixture,
                 "What was never put is cancelled without a request",
                 "[keeper]") {
  Registration& first = Registered("a");
  auto cancelling = Start([&] { return first.Cancel(); });
  loop.RunReady();
  REQUIRE(leases.operations() == Operations{"remove a"});
  // It waits for the first one's removal.
  Registration& second = Trying("a");
  CHECK(Blocking([&] { return second.Cancel(); }).ok());
  Answer("a", kOk);
  CHECK(Get(std::move(cancelling)).ok());
  loop.Advance(minutes(1));
  CHECK(leases.operations() == Operations{"remove a"});
  Registered("a");
}

TEST_CASE_METHOD(KeeperFixture, "What is cancelled as its turn comes isn't put",
                 "[keeper]") {
  Registration& first = Registered("a");
  auto cancelling = Start([&] { return first.Cancel(); });
  loop.RunReady();
  Registration& second = Trying("a");
  auto second_cancelling = Start([&] { return second.Cancel(); });
  REQUIRE(leases.Answer("a", kOk));
  CHECK(Get(std::move(second_cancelling)).ok());
  CHECK(Get(std::move(cancelling)).ok());
  loop.Advance(minutes(1));
  CHECK(leases.operations() == Operations{"remove a"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "A put under way gets half the time to end before the removal",
                 "[keeper]") {
  Registration& registration = Trying("a");
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.Advance(milliseconds(999));
  CHECK(leases.operations() == Operations{"put a 1"});
  SECTION("it succeeds") {
    Answer("a", kOk);
    // The removal isn't held to the put's half of the time.
    loop.Advance(milliseconds(500));
    CHECK(leases.operations() == Operations{"put a 1", "remove a"});
    Answer("a", kOk);
    CHECK(Get(std::move(cancelling)).ok());
    // It never counted as registered.
    CHECK(log.empty());
  }
  SECTION("it may have succeeded") {
    Answer("a", kRefused);
    CHECK(leases.operations() == Operations{"put a 1", "remove a"});
    Answer("a", kOk);
    CHECK(Get(std::move(cancelling)).ok());
  }
  SECTION("it is refused: there is nothing to remove") {
    Answer("a", absl::InvalidArgumentError("fake: register demo: a: no"));
    CHECK(Get(std::move(cancelling)).ok());
    CHECK(leases.operations() == Operations{"put a 1"});
  }
  SECTION("it doesn't end") {
    loop.Advance(milliseconds(1));
    CHECK(leases.operations() == Operations{"put a 1", "abort a", "remove a"});
    Answer("a", kOk);
    CHECK(Get(std::move(cancelling)).ok());
  }
}

TEST_CASE_METHOD(KeeperFixture,
                 "A refused update leaves the old Instance to be removed",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto updating = Start(
      [&] { return registration.Update(MakeInstance("demo", "a", "2")); });
  loop.RunReady();
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.RunReady();
  CHECK(absl::IsFailedPrecondition(Get(std::move(updating))));
  Answer("a", absl::InvalidArgumentError("fake: register demo: a: no"));
  CHECK(leases.operations() == Operations{"put a 2", "remove a"});
  Answer("a", kOk);
  CHECK(Get(std::move(cancelling)).ok());
}

TEST_CASE_METHOD(KeeperFixture, "A refresh under way ends before the removal",
                 "[keeper]") {
  Registration& registration = Registered("a");
  loop.Advance(seconds(30));
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.RunReady();
  CHECK(leases.operations() == Operations{"refresh a"});
  Answer("a", kVanished);
  // The answer may be older than our last put: not to be trusted.
  CHECK(leases.operations() == Operations{"refresh a", "remove a"});
  Answer("a", kOk);
  CHECK(Get(std::move(cancelling)).ok());
}

TEST_CASE_METHOD(KeeperFixture, "A removal is repeated until it succeeds",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.RunReady();
  for (int i = 0; i < 3; ++i) {
    Answer("a", kNotRemoved);
    loop.Advance(milliseconds(400));
  }
  CHECK(leases.operations() ==
        Operations{"remove a", "remove a", "remove a", "remove a"});
  Answer("a", kOk);
  CHECK(Get(std::move(cancelling)).ok());
  CHECK(log == Operations{"fake: register demo: registered"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "A removal is repeated soon, however slow the puts before it "
                 "had become",
                 "[keeper]") {
  leases.AnswerAll(kRefused);
  Registration& registration = Trying("a");
  loop.Advance(minutes(1));
  leases.AnswerAll(kNotRemoved);
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.Advance(milliseconds(100));
  CHECK(leases.Count("remove a") == 2);
  leases.AnswerAll(kOk);
  loop.Advance(milliseconds(200));
  CHECK(Get(std::move(cancelling)).ok());
}

TEST_CASE_METHOD(KeeperFixture, "Cancel ends in time, and says why it failed",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.RunReady();
  absl::Status expected;
  SECTION("nobody confirmed") {
    expected = kNotRemoved;
    leases.AnswerAll(kNotRemoved);
    Answer("a", kNotRemoved);
    loop.Advance(seconds(2) - milliseconds(1));
    CHECK_FALSE(IsReady(cancelling));
    loop.Advance(milliseconds(1));
  }
  SECTION("every attempt took too long") {
    expected = absl::DeadlineExceededError("fake: cancel demo: a: timed out");
    leases.AnswerAll(expected);
    Answer("a", expected);
    loop.Advance(seconds(2));
  }
  SECTION("a broken answer is as good as none") {
    leases.AnswerAll(absl::InternalError("fake: cancel demo: a: not JSON"));
    expected = absl::UnavailableError("fake: cancel demo: a: not JSON");
    Answer("a", absl::InternalError("fake: cancel demo: a: not JSON"));
    loop.Advance(seconds(2));
  }
  SECTION("a refusal isn't repeated") {
    Answer("a", absl::PermissionDeniedError("fake: cancel demo: a: no"));
    expected = absl::UnavailableError("fake: cancel demo: a: no");
  }
  CHECK(Get(std::move(cancelling)) == expected);
  CHECK(registration.Cancel() == expected);
  CHECK_FALSE(registration.state().is_registered);
  loop.RunReady();
  CHECK(log == Operations{"fake: register demo: registered",
                          std::string(expected.message())});
  leases.ForgetOperations();
  loop.Advance(minutes(1));
  CHECK(leases.operations().empty());
  CHECK(leases.size() == 0);
}

TEST_CASE_METHOD(KeeperFixture,
                 "A removal that outlasts Cancel holds up the next Register, "
                 "and isn't repeated",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.Advance(seconds(2));
  CHECK(Get(std::move(cancelling)) ==
        absl::DeadlineExceededError(
            "fake: cancel demo: no answer within 2000ms"));
  Registration& next = Trying("a");
  loop.Advance(seconds(1));
  CHECK(leases.operations() == Operations{"remove a"});
  Answer("a", GENERATE(absl::OkStatus(), kNotRemoved));
  CHECK(leases.operations() == Operations{"remove a", "put a 1"});
  Answer("a", kOk);
  CHECK(next.state().is_registered);
}

TEST_CASE_METHOD(KeeperFixture, "Destroying a Registration cancels it",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto destroying = Start([&] { registration = Registration(); });
  loop.RunReady();
  CHECK(leases.operations() == Operations{"remove a"});
  CHECK_FALSE(IsReady(destroying));
  Answer("a", kOk);
  Get(std::move(destroying));
  Registered("a");
}

TEST_CASE_METHOD(KeeperFixture,
                 "After ~Registration on_change is neither running nor to come",
                 "[keeper]") {
  std::promise<void> began;
  std::promise<void> go_on;
  std::atomic<int> calls{0};
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = owned;
  RegisterOptions options;
  options.on_change = [&, owned = std::move(owned)](const RegistrationState&) {
    began.set_value();
    go_on.get_future().wait();
    ++calls;
  };
  Registration& registration = Registered("a", std::move(options));
  options = RegisterOptions();
  began.get_future().wait();
  leases.AnswerAll(kOk);
  auto destroying = Start([&] {
    registration = Registration();
    return calls == 1 && watch.expired();
  });
  loop.RunReady();
  CHECK_FALSE(IsReady(destroying));
  go_on.set_value();
  CHECK(Get(std::move(destroying)));
  std::promise<void> reached;
  dispatcher->Post([&] { reached.set_value(); });
  reached.get_future().wait();
  CHECK(calls == 1);
}

TEST_CASE_METHOD(KeeperFixture,
                 "on_change may cancel, destroy and register again",
                 "[keeper]") {
  std::atomic<bool> is_done{false};
  std::optional<Registration> registration;
  std::optional<absl::Status> cancelled;
  absl::StatusOr<Registration> next = absl::UnknownError("");
  RegisterOptions options;
  options.mode = RegisterMode::kKeepTrying;
  options.on_change = [&](const RegistrationState& state) {
    if (!state.is_registered) return;
    cancelled = registration->Cancel();
    registration.reset();
    next = keeper.Register(MakeInstance("demo", "a"), RegisterOptions());
    is_done = true;
  };
  registration = *keeper.Register(MakeInstance("demo", "a"), options);
  leases.AnswerAll(kOk);
  CHECK(Eventually([&] {
    loop.RunReady();
    return is_done.load();
  }));
  CHECK(cancelled == absl::OkStatus());
  Keep(std::move(next));
  CHECK(leases.operations() == Operations{"put a 1", "remove a", "put a 1"});
}

KeeperOptions WithoutCancelTimeout() {
  KeeperOptions options = KeeperFixture::Options();
  options.cancel_timeout = milliseconds(0);
  return options;
}

struct HastyFixture : KeeperFixture {
  HastyFixture() : KeeperFixture(WithoutCancelTimeout()) {}
};

TEST_CASE_METHOD(HastyFixture,
                 "Without cancel_timeout a removal is tried once and not "
                 "waited for",
                 "[keeper]") {
  Registration& registration = Registered("a");
  CHECK(absl::IsDeadlineExceeded(
      Blocking([&] { return registration.Cancel(); })));
  CHECK(leases.operations() == Operations{"remove a"});
  Answer("a", kNotRemoved);
  loop.Advance(minutes(1));
  CHECK(leases.operations() == Operations{"remove a"});
  CHECK(leases.size() == 0);

  Registration& other = Trying("b");
  CHECK(absl::IsDeadlineExceeded(Blocking([&] { return other.Cancel(); })));
  CHECK(leases.operations() ==
        Operations{"remove a", "put b 1", "abort b", "remove b"});
}

}  // namespace
}  // namespace naming::core
