// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <memory>
#include <string>

#include "core/keeper.h"
#include "tests/unit/core/keeper_fixture.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::MakeInstance;

TEST_CASE_METHOD(KeeperFixture,
                 "Close cancels all at the same time, and handles go quiet",
                 "[keeper]") {
  Registration& first = Registered("a");
  Registration& second = Registered("b");
  leases.ForgetOperations();
  auto closing = Start([&] { keeper.Close(); });
  loop.RunReady();
  CHECK(leases.operations() == Operations{"remove a", "remove b"});
  CHECK_FALSE(IsReady(closing));
  Answer("b", kOk);
  CHECK_FALSE(IsReady(closing));
  Answer("a", kOk);
  Get(std::move(closing));
  CHECK(leases.size() == 0);

  CHECK(first.Cancel().ok());
  CHECK(absl::IsFailedPrecondition(first.Wait(minutes(1))));
  CHECK(
      absl::IsFailedPrecondition(first.Update(MakeInstance("demo", "a", "2"))));
  CHECK(first.instance() == MakeInstance("demo", "a"));
  CHECK_FALSE(first.state().is_registered);
  second = Registration();
  keeper.RefreshAll();
  loop.Advance(minutes(1));
  CHECK(leases.operations() == Operations{"remove a", "remove b"});
}

TEST_CASE_METHOD(KeeperFixture, "Close ends in time, and drops what is left",
                 "[keeper]") {
  Registration& silent = Registered("a");
  Registration& failing = Registered("b");
  Registration& putting = Trying("c");
  Registration& cancelled = Registered("d");
  auto cancelling = Start([&] { return cancelled.Cancel(); });
  loop.RunReady();
  REQUIRE(leases.last() == "remove d");
  Registration& queued = Trying("d");
  leases.SetScript(
      [](const std::string& operation) -> std::optional<absl::Status> {
        if (operation != "remove b") return std::nullopt;
        return absl::UnavailableError("fake: cancel demo: b: refused");
      });
  auto closing = Start([&] { keeper.Close(); });
  loop.Advance(seconds(2) - milliseconds(1));
  CHECK_FALSE(IsReady(closing));
  loop.Advance(milliseconds(1));
  Get(std::move(closing));
  CHECK(leases.size() == 0);
  CHECK(absl::IsDeadlineExceeded(silent.Cancel()));
  CHECK(absl::IsUnavailable(failing.Cancel()));
  CHECK(absl::IsDeadlineExceeded(putting.Cancel()));
  CHECK(absl::IsDeadlineExceeded(Get(std::move(cancelling))));
  CHECK(queued.Cancel().ok());
  CHECK(leases.Count("put d 1") == 0);
}

TEST_CASE_METHOD(KeeperFixture, "Close without a registration ends at once",
                 "[keeper]") {
  Blocking([&] {
    keeper.Close();
    return 0;
  });
}

TEST_CASE_METHOD(KeeperFixture, "Close ends every call that waits",
                 "[keeper]") {
  auto registering = StartRegister("a");
  Registration& trying = Trying("b");
  auto waiting = Start([&] { return trying.Wait(minutes(1)); });
  auto updating =
      Start([&] { return trying.Update(MakeInstance("demo", "b", "2")); });
  loop.RunReady();
  auto closing = Start([&] { keeper.Close(); });
  loop.RunReady();
  CHECK(absl::IsFailedPrecondition(Get(std::move(registering)).status()));
  CHECK(absl::IsFailedPrecondition(Get(std::move(waiting))));
  CHECK(absl::IsFailedPrecondition(Get(std::move(updating))));
  leases.AnswerAll(kOk);
  Answer("a", kOk);
  Answer("b", kOk);
  Get(std::move(closing));
  CHECK(leases.operations() ==
        Operations{"put a 1", "put b 1", "remove a", "remove b"});
}

TEST_CASE_METHOD(KeeperFixture, "Once closed, a Keeper registers nothing",
                 "[keeper]") {
  Blocking([&] {
    keeper.Close();
    return 0;
  });
  const absl::Status status =
      keeper.Register(MakeInstance("demo", "a"), {}).status();
  CHECK(status == absl::FailedPreconditionError(
                      "fake: register demo: the client is being destroyed"));
}

TEST_CASE_METHOD(KeeperFixture, "A removal under way is waited for by Close",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto cancelling = Start([&] { return registration.Cancel(); });
  loop.RunReady();
  auto closing = Start([&] { keeper.Close(); });
  loop.RunReady();
  CHECK_FALSE(IsReady(closing));
  Answer("a", kOk);
  Get(std::move(closing));
  CHECK(Get(std::move(cancelling)).ok());
  CHECK(leases.operations() == Operations{"remove a"});
}

TEST_CASE("A Registration may outlive its Keeper", "[keeper]") {
  Registration registration;
  {
    KeeperFixture fixture;
    registration = std::move(fixture.Registered("a"));
  }
  CHECK(registration.Cancel().ok());
  CHECK(registration.instance() == MakeInstance("demo", "a"));
  CHECK(absl::IsFailedPrecondition(registration.Wait(minutes(1))));
}

}  // namespace
}  // namespace naming::core
