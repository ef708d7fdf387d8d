// SPDX-License-Identifier: Apache-2.0

#include "xds/applications.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "naming/testing/fake_backend.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::xds {
namespace {

using testing::Eventually;

// Follows applications of a backend; each change takes a while.
struct ApplicationsFixture {
  void OnChange() {
    is_told = true;
    std::this_thread::sleep_for(change_takes);
    ++changes;
  }

  const std::unique_ptr<testing::FakeBackend> backend =
      testing::FakeBackend::Create();
  std::chrono::milliseconds change_takes{0};
  std::atomic<bool> is_told{false};
  std::atomic<int> changes{0};
  Log log{nullptr};
  std::unique_ptr<Applications> applications = std::make_unique<Applications>(
      *backend, "grpc", log, [this](const std::string&) { OnChange(); });
};

TEST_CASE_METHOD(ApplicationsFixture,
                 "A change that is being told of is waited for", "[xds]") {
  change_takes = std::chrono::milliseconds(300);
  backend->SetInstances("demo", {});
  applications->Follow("demo");
  REQUIRE(Eventually([&] { return is_told.load(); }));
  SECTION("by who unfollows") { applications->Unfollow("demo"); }
  SECTION("by who ends it all") { applications.reset(); }
  CHECK(changes == 1);
}

TEST_CASE_METHOD(ApplicationsFixture,
                 "An application isn't called unknown at the first answer",
                 "[xds]") {
  const auto start = std::chrono::steady_clock::now();
  applications->Follow("demo");
  REQUIRE(Eventually([&] { return changes == 1; }));
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::seconds(1));
  const auto endpoints = applications->Find("demo");
  REQUIRE(endpoints);
  CHECK(endpoints->empty());
}

}  // namespace
}  // namespace naming::xds
