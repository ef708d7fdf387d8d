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
  void List(const std::string& app_id,
            const std::string& address = "10.0.0.1:80") const {
    Instance instance;
    instance.app_id = app_id;
    instance.hostname = app_id;
    instance.addrs = {"grpc://" + address};
    backend->SetInstances(app_id, {instance});
  }

  // Follows it until it has a list.
  void FollowKnown(const std::string& app_id) const {
    applications->Follow(app_id);
    CHECK(Eventually([&] { return applications->Find(app_id) != nullptr; }));
  }

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

TEST_CASE_METHOD(ApplicationsFixture, "A list is kept for those who come back",
                 "[xds]") {
  List("demo");
  FollowKnown("demo");
  applications->Unfollow("demo");
  CHECK(applications->size() == 0);
  // What a registry says that begins anew doesn't take it from them.
  backend->Forget();
  applications->Follow("demo");
  CHECK(applications->size() == 1);
  const auto endpoints = applications->Find("demo");
  REQUIRE(endpoints);
  CHECK(endpoints->size() == 1);
  applications->Unfollow("demo");
  // It goes on to change.
  List("demo", "10.0.0.2:80");
  CHECK(Eventually([&] {
    const auto now = applications->Find("demo");
    return now != nullptr && now->at(0).address == "10.0.0.2:80";
  }));
}

TEST_CASE_METHOD(ApplicationsFixture, "A list isn't kept for long", "[xds]") {
  applications = std::make_unique<Applications>(
      *backend, "grpc", log, [this](const std::string&) { OnChange(); },
      std::chrono::milliseconds(50));
  for (const char* app_id : {"a", "b", "c"}) {
    List(app_id);
    FollowKnown(app_id);
  }
  applications->Unfollow("a");
  applications->Unfollow("b");
  applications->Follow("b");
  CHECK(Eventually([&] { return applications->Find("a") == nullptr; }));
  CHECK(applications->Find("b") != nullptr);
  CHECK(applications->Find("c") != nullptr);
  CHECK(applications->size() == 2);
}

TEST_CASE_METHOD(ApplicationsFixture, "Not too many lists are kept", "[xds]") {
  const auto kept = [&] {
    std::size_t count = 0;
    for (int i = 0; i < 110; ++i) {
      if (applications->Find(std::to_string(i)) != nullptr) ++count;
    }
    return count;
  };
  applications = std::make_unique<Applications>(
      *backend, "grpc", log, [this](const std::string&) { OnChange(); },
      std::chrono::minutes(1), 100);
  for (int i = 0; i < 110; ++i) {
    List(std::to_string(i));
    FollowKnown(std::to_string(i));
  }
  for (int i = 0; i < 110; ++i) applications->Unfollow(std::to_string(i));
  CHECK(kept() == 100);
  CHECK(applications->size() == 0);
}

}  // namespace
}  // namespace naming::xds
