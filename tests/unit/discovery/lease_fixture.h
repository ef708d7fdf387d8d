// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_DISCOVERY_LEASE_FIXTURE_H_
#define NAMING_TESTS_UNIT_DISCOVERY_LEASE_FIXTURE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "core/keeper.h"
#include "discovery/lease.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/fixture.h"

// What tests of a Lease begin with.
namespace naming::discovery {

constexpr char kRegister[] = "/discovery/register";
constexpr char kRenew[] = "/discovery/renew";
constexpr char kCancel[] = "/discovery/cancel";

inline const absl::Status kRefused = absl::UnavailableError("refused");

struct LeaseFixture : Fixture {
  using Pending = testing::FakeHttpClient::Pending;

  explicit LeaseFixture(std::vector<std::string> seeds = {"http://a:1"})
      : Fixture(std::move(seeds)), lease(loop, requester, MakeInstance()) {}

  core::Lease::Done Note() {
    result.reset();
    return [this](absl::Status status) { result = std::move(status); };
  }

  static std::int64_t DirtyOf(const Pending& sent) {
    return base::ParseInt64(sent.Values("dirty_timestamp").at(0)).value();
  }

  // What a node holds after the register `sent`, with `change` over it.
  static std::string Stored(const Pending& sent,
                            const std::string& addrs = R"(["http://h:80"])",
                            const std::string& metadata = R"({"weight":"20"})",
                            int status = 1, std::int64_t newer_by = 0) {
    return absl::StrFormat(
        R"({"code":0,"message":"0","ttl":1,"data":{"appid":"x","hostname":"h",)"
        R"("env":"dev","zone":"z","addrs":%s,"version":"v1","metadata":%s,)"
        R"("status":%d,"dirty_timestamp":%d}})",
        addrs, metadata, status, DirtyOf(sent) + newer_by);
  }

  // Puts `instance` with every node as it should be; returns the register.
  Pending Put(const Instance& instance = MakeInstance()) {
    lease.Put(instance, Note());
    const Pending sent = http.Waiting(kRegister);
    http.Answer(sent, CodeJson(0));
    http.Answer(
        http.Waiting(kRenew),
        Stored(sent, R"(["http://h:80"])", R"({"weight":"20"})",
               sent.Values("status") == std::vector<std::string>{"1"} ? 1 : 2));
    REQUIRE(result == absl::OkStatus());
    return sent;
  }

  // Renews, and answers with `body`.
  void Refresh(const std::string& body) {
    lease.Refresh(Note());
    http.Answer(http.Waiting(kRenew), body);
  }

  Lease lease;
  std::optional<absl::Status> result;
};

}  // namespace naming::discovery

#endif  // NAMING_TESTS_UNIT_DISCOVERY_LEASE_FIXTURE_H_
