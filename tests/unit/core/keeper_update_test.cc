// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <string>

#include "core/keeper.h"
#include "tests/unit/core/keeper_fixture.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::MakeInstance;

Instance Version(const std::string& version) {
  return MakeInstance("demo", "a", version);
}

TEST_CASE_METHOD(KeeperFixture,
                 "Update puts the new Instance and returns when it is taken",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto updating = Start([&] { return registration.Update(Version("2")); });
  loop.RunReady();
  CHECK(leases.operations() == Operations{"put a 2"});
  CHECK_FALSE(IsReady(updating));
  CHECK(registration.state().is_registered);
  CHECK(absl::IsDeadlineExceeded(registration.Wait(milliseconds(0))));
  Answer("a", kOk);
  CHECK(Get(std::move(updating)).ok());
  CHECK(registration.instance() == Version("2"));
  CHECK(registration.Wait(milliseconds(0)).ok());
}

TEST_CASE_METHOD(KeeperFixture, "Update keeps who the Instance is",
                 "[keeper]") {
  Registration& registration = Registered("a");
  leases.AnswerAll(kOk);
  Instance update = Version("2");

  SECTION("what is left empty stays") {
    update.app_id = update.env = update.zone = update.hostname = "";
    update.region = "";
    CHECK(Blocking([&] { return registration.Update(update); }).ok());
    CHECK(registration.instance() == Version("2"));
  }
  SECTION("what differs is refused by name, before any request") {
    std::string expected;
    SECTION("app_id") {
      update.app_id = "other";
      expected = "instance.app_id: must stay \"demo\"";
    }
    SECTION("env") {
      update.env = "other";
      expected = "instance.env: must stay \"dev\"";
    }
    SECTION("zone") {
      update.zone = "other";
      expected = "instance.zone: must stay \"zone01\"";
    }
    SECTION("hostname") {
      update.hostname = "other";
      expected = "instance.hostname: must stay \"a\"";
    }
    CHECK(registration.Update(update) ==
          absl::InvalidArgumentError("fake: update demo: " + expected));
    CHECK(registration.instance() == Version("1"));
    CHECK(leases.operations().empty());
  }
  SECTION("what is malformed is refused, before any request") {
    update.addrs.clear();
    CHECK(absl::IsInvalidArgument(registration.Update(update)));
    CHECK(registration.instance() == Version("1"));
    CHECK(leases.operations().empty());
  }
}

TEST_CASE_METHOD(KeeperFixture,
                 "An update during a put is followed by another put, and the "
                 "first answer isn't its own",
                 "[keeper]") {
  Registration& registration = Trying("a");
  auto updating = Start([&] { return registration.Update(Version("2")); });
  loop.RunReady();
  CHECK(leases.operations() == Operations{"put a 1"});
  Answer("a", kOk);
  CHECK(registration.state().is_registered);
  CHECK_FALSE(IsReady(updating));
  CHECK(leases.operations() == Operations{"put a 1", "put a 2"});
  Answer("a", kOk);
  CHECK(Get(std::move(updating)).ok());
}

TEST_CASE_METHOD(KeeperFixture,
                 "An update during a refresh, or while a put waits to be "
                 "repeated, is put without delay",
                 "[keeper]") {
  Registration& registration = Registered("a");
  SECTION("a refresh") {
    loop.Advance(seconds(30));
    auto updating = Start([&] { return registration.Update(Version("2")); });
    loop.RunReady();
    CHECK(leases.operations() == Operations{"refresh a"});
    Answer("a", kOk);
    CHECK(leases.operations() == Operations{"refresh a", "put a 2"});
    Answer("a", kOk);
    CHECK(Get(std::move(updating)).ok());
  }
  SECTION("a put to be repeated") {
    Registration& other = Trying("b");
    Answer("b", kRefused);
    auto updating =
        Start([&] { return other.Update(MakeInstance("demo", "b", "2")); });
    loop.RunReady();
    CHECK(leases.last() == "put b 2");
    Answer("b", kOk);
    CHECK(Get(std::move(updating)).ok());
  }
}

TEST_CASE_METHOD(KeeperFixture, "Of updates in a row only the last is put",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto second = Start([&] { return registration.Update(Version("2")); });
  loop.RunReady();
  auto third = Start([&] { return registration.Update(Version("3")); });
  auto fourth = Start([&] { return registration.Update(Version("4")); });
  loop.RunReady();
  Answer("a", kOk);
  CHECK(Get(std::move(second)).ok());
  CHECK_FALSE(IsReady(third));
  CHECK(leases.operations() == Operations{"put a 2", "put a 4"});
  Answer("a", kOk);
  CHECK(Get(std::move(third)).ok());
  CHECK(Get(std::move(fourth)).ok());
}

TEST_CASE_METHOD(KeeperFixture,
                 "An update that the registry refuses leaves what was there",
                 "[keeper]") {
  const absl::StatusCode code = GENERATE(absl::StatusCode::kInvalidArgument,
                                         absl::StatusCode::kFailedPrecondition);
  const absl::Status refusal(code, "fake: register demo: a: no");
  Registration& registration = Registered("a");
  auto updating = Start([&] { return registration.Update(Version("2")); });
  loop.RunReady();
  Answer("a", refusal);
  CHECK(Get(std::move(updating)) == refusal);
  CHECK(registration.instance() == Version("1"));
  CHECK(registration.state().is_registered);
  CHECK(registration.state().last_error.ok());
  CHECK(registration.Wait(milliseconds(0)).ok());

  leases.AnswerAll(kOk);
  loop.Advance(minutes(1));
  CHECK(leases.Count("put a 2") == 1);
  CHECK(leases.Count("refresh a") >= 2);
  // After that, an update is taken as ever.
  CHECK(Blocking([&] { return registration.Update(Version("3")); }).ok());
  CHECK(registration.instance() == Version("3"));
  CHECK(log == Operations{"fake: register demo: registered"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "A refused update gives way to what was taken last",
                 "[keeper]") {
  Registration& registration = Registered("a");
  leases.AnswerAll(kOk);
  CHECK(Blocking([&] { return registration.Update(Version("2")); }).ok());
  leases.AnswerAll(absl::InvalidArgumentError("fake: register demo: a: no"));
  CHECK_FALSE(Blocking([&] { return registration.Update(Version("3")); }).ok());
  CHECK(registration.instance() == Version("2"));
}

TEST_CASE_METHOD(KeeperFixture,
                 "A refused update gives way to a later one at once",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto second = Start([&] { return registration.Update(Version("2")); });
  loop.RunReady();
  auto third = Start([&] { return registration.Update(Version("3")); });
  loop.RunReady();
  Answer("a", absl::InvalidArgumentError("fake: register demo: a: no"));
  CHECK(absl::IsInvalidArgument(Get(std::move(second))));
  CHECK_FALSE(IsReady(third));
  CHECK(leases.operations() == Operations{"put a 2", "put a 3"});
  Answer("a", kOk);
  CHECK(Get(std::move(third)).ok());
  CHECK(registration.instance() == Version("3"));
}

TEST_CASE_METHOD(KeeperFixture,
                 "A refresh that is asked for during an update isn't lost with "
                 "it",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto updating = Start([&] { return registration.Update(Version("2")); });
  loop.RunReady();
  keeper.RefreshAll();
  loop.RunReady();
  Answer("a", absl::InvalidArgumentError("fake: register demo: a: no"));
  CHECK(absl::IsInvalidArgument(Get(std::move(updating))));
  CHECK(leases.operations() == Operations{"put a 2", "refresh a"});
}

TEST_CASE_METHOD(KeeperFixture,
                 "What the registry lost comes back as it was before an update "
                 "that was refused",
                 "[keeper]") {
  Registration& registration = Registered("a");
  loop.Advance(seconds(30));
  Answer("a", kVanished);
  Answer("a", kRefused);
  auto updating = Start([&] { return registration.Update(Version("2")); });
  loop.RunReady();
  REQUIRE(leases.last() == "put a 2");
  Answer("a", absl::InvalidArgumentError("fake: register demo: a: no"));
  CHECK(absl::IsInvalidArgument(Get(std::move(updating))));
  CHECK(leases.last() == "put a 1");
  Answer("a", kOk);
  CHECK(registration.state().is_registered);
}

TEST_CASE_METHOD(KeeperFixture,
                 "An update that fails goes on behind the scenes", "[keeper]") {
  Registration& registration = Registered("a");
  auto updating = Start([&] { return registration.Update(Version("2")); });
  leases.AnswerAll(kRefused);
  loop.Advance(seconds(5) - milliseconds(1));
  CHECK_FALSE(IsReady(updating));
  loop.Advance(milliseconds(1));
  CHECK(Get(std::move(updating)) == kRefused);
  CHECK(registration.instance() == Version("2"));
  CHECK(registration.state().is_registered);
  leases.AnswerAll(kOk);
  loop.Advance(seconds(5));
  CHECK(leases.last() == "put a 2");
  CHECK(registration.Wait(milliseconds(0)).ok());
}

TEST_CASE_METHOD(KeeperFixture, "An update without an answer ends in time",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto updating = Start([&] { return registration.Update(Version("2")); });
  loop.Advance(seconds(5));
  CHECK(Get(std::move(updating)) ==
        absl::DeadlineExceededError(
            "fake: update demo: no answer within 5000ms"));
}

TEST_CASE_METHOD(KeeperFixture,
                 "While an update is not permitted, what is registered is kept "
                 "alive",
                 "[keeper]") {
  Registration& registration = Registered("a");
  const absl::Status denied =
      absl::PermissionDeniedError("fake: register demo: a: no");
  leases.SetScript([&](const std::string& operation) {
    return operation == "put a 2" ? denied : kOk;
  });
  CHECK(Blocking([&] { return registration.Update(Version("2")); }) == denied);
  loop.Advance(minutes(10));
  CHECK(registration.state().is_registered);
  CHECK(leases.Count("refresh a") >= 15);
  CHECK(leases.Count("refresh a") <= 40);
  CHECK(leases.Count("put a 2") >= 100);
  CHECK(leases.Count("put a 2") <= 300);
  CHECK(log == Operations{"fake: register demo: registered",
                          "fake: register demo: a: no"});

  leases.AnswerAll(kOk);
  loop.Advance(seconds(5));
  CHECK(registration.Wait(milliseconds(0)).ok());
}

TEST_CASE_METHOD(KeeperFixture,
                 "While refreshes fail, an update is tried between them",
                 "[keeper]") {
  Registration& registration = Registered("a");
  leases.AnswerAll(kRefused);
  loop.Advance(seconds(40));
  leases.ForgetOperations();
  auto updating = Start([&] { return registration.Update(Version("2")); });
  loop.Advance(seconds(40));
  CHECK_FALSE(Get(std::move(updating)).ok());
  CHECK(leases.Count("put a 2") >= 4);
  CHECK(leases.Count("refresh a") >= 4);
}

TEST_CASE_METHOD(KeeperFixture, "Neither Update nor Wait outlast a Cancel",
                 "[keeper]") {
  Registration& registration = Registered("a");
  auto updating = Start([&] { return registration.Update(Version("2")); });
  auto waiting = Start([&] { return registration.Wait(minutes(1)); });
  loop.RunReady();
  auto cancelling = Start([&] { return registration.Cancel(); });
  CHECK(absl::IsFailedPrecondition(Get(std::move(updating))));
  CHECK(absl::IsFailedPrecondition(Get(std::move(waiting))));
  CHECK(absl::IsFailedPrecondition(registration.Update(Version("3"))));
  CHECK(absl::IsFailedPrecondition(registration.Wait(minutes(1))));
  leases.AnswerAll(kOk);
  Answer("a", kOk);
  CHECK(Get(std::move(cancelling)).ok());
  CHECK(absl::IsFailedPrecondition(registration.Update(Version("3"))));
  CHECK(leases.operations() == Operations{"put a 2", "remove a"});
}

}  // namespace
}  // namespace naming::core
