// SPDX-License-Identifier: Apache-2.0

#include "tests/unit/core/keeper_fixture.h"

#include <chrono>
#include <memory>
#include <utility>

#include "tests/support/catch.h"

namespace naming::core {

KeeperFixture::KeeperFixture(KeeperOptions options)
    : logger(std::make_shared<Logger>(
          [this](const LogRecord& record) { log.push_back(record.message); })),
      keeper(&loop, dispatcher, logger, leases.factory(), std::move(options)) {}

KeeperFixture::~KeeperFixture() {
  leases.AnswerAll(absl::OkStatus());
  auto closing = testing::AsyncUntilAsleep([this] { keeper.Close(); });
  testing::Eventually([&] {
    loop.Advance(std::chrono::seconds(1));
    return IsReady(closing);
  });
  dispatcher->Stop();
  CHECK(leases.size() == 0);
  CHECK(leases.overlaps() == 0);
}

std::future<absl::StatusOr<Registration>> KeeperFixture::StartRegister(
    const std::string& hostname, RegisterOptions options) {
  return Start([this, hostname, options] {
    return keeper.Register(testing::MakeInstance("demo", hostname), options);
  });
}

Registration& KeeperFixture::Keep(absl::StatusOr<Registration> registered) {
  REQUIRE(registered.ok());
  kept.push_back(*std::move(registered));
  return kept.back();
}

Registration& KeeperFixture::Registered(const std::string& hostname,
                                        RegisterOptions options) {
  leases.AnswerAll(absl::OkStatus());
  Registration& registration =
      Keep(Get(StartRegister(hostname, std::move(options))));
  leases.AnswerNothing();
  leases.ForgetOperations();
  return registration;
}

Registration& KeeperFixture::Trying(const std::string& hostname,
                                    RegisterOptions options) {
  options.mode = RegisterMode::kKeepTrying;
  Registration& registration =
      Keep(keeper.Register(testing::MakeInstance("demo", hostname), options));
  loop.RunReady();
  return registration;
}

void KeeperFixture::Answer(const std::string& hostname,
                           const absl::Status& status) {
  REQUIRE(leases.Answer(hostname, status));
  loop.RunReady();
}

}  // namespace naming::core
