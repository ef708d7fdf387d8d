// SPDX-License-Identifier: Apache-2.0
// The life of instances on a node, by the hour.

#include <algorithm>
#include <chrono>
#include <string>

#include "node/directory.h"
#include "tests/support/catch.h"
#include "tests/unit/node/fixture.h"

namespace naming::node {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class LeaseFixture : public NodeFixture {
 protected:
  explicit LeaseFixture(Quirks chosen = {}) : NodeFixture(chosen) {}

  void RegisterFleet(int count) {
    for (int i = 0; i < count; ++i) Register("fleet", "h" + std::to_string(i));
    fleet_size_ = count;
  }

  // Lets half a minute pass and renews all but the first `silent`.
  void HalfMinute(int silent) {
    loop.Advance(seconds(30));
    for (int i = silent; i < fleet_size_; ++i) {
      PostBody("/discovery/renew", Key("fleet", "h" + std::to_string(i)));
    }
  }

  bool IsThere(const std::string& app_id, const std::string& hostname) const {
    bool is_there = false;
    directory.store().ForEach([&](const StoredInstance& instance) {
      is_there |= instance.app_id == app_id && instance.hostname == hostname;
    });
    return is_there;
  }

  bool HasLogged(const std::string& text) const {
    return std::any_of(log.begin(), log.end(), [&](const LogRecord& record) {
      return record.message.find(text) != std::string::npos;
    });
  }

 private:
  int fleet_size_ = 0;
};

TEST_CASE_METHOD(LeaseFixture, "A node keeps itself registered for days",
                 "[leases]") {
  loop.Advance(hours(48));
  CHECK(IsThere("infra.discovery", "node7171"));
  CHECK(directory.store().size() == 1);
}

TEST_CASE_METHOD(LeaseFixture, "A node that was cancelled registers again",
                 "[leases]") {
  Cancel("infra.discovery", "node7171");
  CHECK_FALSE(IsThere("infra.discovery", "node7171"));
  loop.Advance(seconds(30));
  CHECK(IsThere("infra.discovery", "node7171"));
}

TEST_CASE_METHOD(LeaseFixture, "One dead among others goes in 90 to 150 s",
                 "[leases]") {
  const int count = GENERATE(1, 2, 3, 11);  // And the node itself.
  RegisterFleet(count);
  HalfMinute(0);
  HalfMinute(0);  // The first minute after many registered preserves.
  int silent_for = 0;
  while (IsThere("fleet", "h0") && silent_for < 3600) {
    HalfMinute(1);
    silent_for += 30;
  }
  CHECK(silent_for >= 90);
  CHECK(silent_for <= 150);
  CHECK(directory.store().size() == static_cast<std::size_t>(count));
  CHECK(HasLogged("node: expire fleet: h0 in zone sh001 of env dev is silent"));
}

TEST_CASE_METHOD(LeaseFixture, "An eviction wakes pollers", "[leases]") {
  RegisterFleet(11);
  HalfMinute(0);
  HalfMinute(0);
  const std::string known = Revision("fleet");
  HalfMinute(1);
  HalfMinute(1);
  HalfMinute(1);
  REQUIRE_FALSE(Get("/discovery/polls?env=dev&hostname=p&appid=fleet"
                    "&latest_timestamp=" +
                    known)
                    .has_value());
  const RequestId id = last_id;
  HalfMinute(1);
  REQUIRE(replies.count(id) == 1);
  CHECK(Body(replies[id]).find(R"("hostname":"h0")") == std::string::npos);
  CHECK(Body(replies[id]).find(R"("hostname":"h1")") != std::string::npos);
}

TEST_CASE_METHOD(LeaseFixture, "A fleet that falls silent stays for an hour",
                 "[leases]") {
  RegisterFleet(10);
  for (int i = 0; i < 10; ++i) HalfMinute(0);
  for (int i = 0; i < 29; ++i) HalfMinute(10);  // Short of the recount.
  CHECK(directory.store().size() == 11);
  CHECK(HasLogged("stopped, too few renewals"));
  loop.Advance(hours(1));
  CHECK(directory.store().size() < 11);
  loop.Advance(hours(1));
  CHECK(directory.store().size() == 1);
  CHECK(HasLogged("resumed"));
}

TEST_CASE_METHOD(LeaseFixture, "Two dead of three go one after the other",
                 "[leases]") {
  RegisterFleet(2);
  for (int i = 0; i < 5; ++i) HalfMinute(2);
  CHECK(directory.store().size() == 2);
  HalfMinute(2);
  HalfMinute(2);
  CHECK(directory.store().size() == 1);
}

TEST_CASE_METHOD(LeaseFixture, "Two dead of four stay for an hour",
                 "[leases]") {
  RegisterFleet(3);
  for (int i = 0; i < 120; ++i) HalfMinute(2);
  CHECK(directory.store().size() == 4);
}

struct PreservedFewFixture : LeaseFixture {
  PreservedFewFixture() : LeaseFixture(*Quirks::Parse({"preserved-few"})) {}
};

TEST_CASE_METHOD(PreservedFewFixture,
                 "preserved-few: one dead of two or three goes after an hour",
                 "[leases][quirks]") {
  RegisterFleet(GENERATE(1, 2));
  for (int i = 0; i < 120; ++i) HalfMinute(1);
  CHECK(IsThere("fleet", "h0"));
  HalfMinute(1);
  HalfMinute(1);
  CHECK_FALSE(IsThere("fleet", "h0"));
}

TEST_CASE_METHOD(LeaseFixture, "Ends are told for ten minutes", "[leases]") {
  Register("a", "h1");
  const std::string poll =
      "/discovery/polls?env=dev&hostname=p&appid=a&latest_timestamp=" +
      Revision("a");
  Cancel("a", "h1");
  loop.Advance(minutes(9));
  CHECK(Get(poll).has_value());
  loop.Advance(minutes(3));
  CHECK_FALSE(Get(poll).has_value());
}

TEST_CASE("A Directory that is destroyed leaves no timer behind", "[leases]") {
  testing::FakeLoop loop;
  int calls = 0;
  {
    Directory directory(
        loop, {"sh", "sh001", "dev", "n", "127.0.0.1:1"}, 1,
        [&](const LogRecord&) { ++calls; },
        [&](RequestId, const Response&) { ++calls; });
  }
  loop.Advance(hours(2));
  CHECK(calls == 0);
}

}  // namespace
}  // namespace naming::node
