// SPDX-License-Identifier: Apache-2.0

#include "node/lease_sweeper.h"

#include <chrono>
#include <set>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::node {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const AppKey kApp{"dev", "demo.app"};

struct SweeperFixture {
  void Register(int count) {
    for (int i = 0; i < count; ++i) {
      RegisterRequest request;
      request.instance.env = kApp.env;
      request.instance.app_id = kApp.app_id;
      request.instance.zone = "z1";
      request.instance.hostname = "h" + std::to_string(registered++);
      request.instance.status = kStatusUp;
      store.Register(std::move(request));
      sweeper.OnAdded();
    }
  }

  // All but the first `silent` renew twice in the minute, which then ends.
  std::size_t Minute(int silent) {
    for (int half = 0; half < 2; ++half) {
      clock.Advance(seconds(30));
      for (int i = silent; i < registered; ++i) {
        const InstanceKey key{kApp, "z1", "h" + std::to_string(i)};
        if (store.Renew(key).instance != nullptr) sweeper.OnRenewed();
      }
    }
    return sweeper.Sweep().size();
  }

  testing::FakeClock clock;
  Store store{clock};
  LeaseSweeper sweeper{store, clock, 42};
  int registered = 0;
};

TEST_CASE_METHOD(SweeperFixture, "Who renews stays", "[lease_sweeper]") {
  Register(12);
  for (int i = 0; i < 10; ++i) CHECK(Minute(0) == 0);
  CHECK(store.size() == 12);
  CHECK_FALSE(sweeper.is_preserving());
}

TEST_CASE_METHOD(SweeperFixture, "One silent of twelve goes after 90 s",
                 "[lease_sweeper]") {
  Register(12);
  CHECK(Minute(1) == 0);  // Silent for 60 s.
  CHECK(Minute(1) == 1);  // For 120 s.
  CHECK(store.size() == 11);
  CHECK(Minute(1) == 0);
}

TEST_CASE_METHOD(SweeperFixture, "A silence of 90 s isn't too long yet",
                 "[lease_sweeper]") {
  Register(12);
  Minute(0);
  clock.Advance(seconds(90));
  for (int i = 0; i < 24; ++i) sweeper.OnRenewed();
  CHECK(sweeper.Sweep().empty());
  clock.Advance(std::chrono::nanoseconds(1));
  for (int i = 0; i < 24; ++i) sweeper.OnRenewed();
  CHECK_FALSE(sweeper.Sweep().empty());
}

TEST_CASE_METHOD(SweeperFixture,
                 "The time of day may jump without anyone expiring",
                 "[lease_sweeper]") {
  Register(12);
  Minute(0);
  clock.SetBackWall(-hours(2));
  CHECK(Minute(0) == 0);
}

TEST_CASE_METHOD(SweeperFixture,
                 "More than 15 % silent: nobody goes within the hour",
                 "[lease_sweeper]") {
  Register(20);
  for (int i = 0; i < 14; ++i) {
    CHECK(Minute(4) == 0);
    CHECK(sweeper.is_preserving());
  }
  CHECK(store.size() == 20);
}

TEST_CASE_METHOD(SweeperFixture, "15 % silent is not too many",
                 "[lease_sweeper]") {
  Register(20);
  CHECK(Minute(3) == 0);
  CHECK_FALSE(sweeper.is_preserving());
  CHECK(Minute(3) == 3);
}

TEST_CASE_METHOD(SweeperFixture, "An hour's silence is too long in any case",
                 "[lease_sweeper]") {
  Register(4);
  clock.Advance(hours(1));
  CHECK(sweeper.Sweep().empty());
  CHECK(sweeper.is_preserving());
  clock.Advance(std::chrono::nanoseconds(1));
  for (int i = 0; i < 4; ++i) {
    CHECK(sweeper.Sweep().size() == 1);  // N - floor(0.85 N)
  }
  CHECK(store.size() == 0);
}

TEST_CASE_METHOD(SweeperFixture, "At most 15 % go at once", "[lease_sweeper]") {
  const int count = GENERATE(1, 7, 100);
  const std::size_t most = count == 1 ? 1 : count == 7 ? 2 : 15;
  Register(count);
  clock.Advance(hours(2));
  CHECK(sweeper.Sweep().size() == most);
}

TEST_CASE_METHOD(SweeperFixture,
                 "Who goes first is random, and the seed's choice",
                 "[lease_sweeper]") {
  Register(100);
  clock.Advance(hours(2));
  std::set<std::string> first;
  for (const InstanceKey& key : sweeper.Sweep()) first.insert(key.hostname);
  SweeperFixture other;
  other.Register(100);
  other.clock.Advance(hours(2));
  std::set<std::string> again;
  for (const InstanceKey& key : other.sweeper.Sweep()) {
    again.insert(key.hostname);
  }
  CHECK(first == again);
  LeaseSweeper unlike(other.store, other.clock, 43);
  std::set<std::string> others;
  for (const InstanceKey& key : unlike.Sweep()) others.insert(key.hostname);
  CHECK(first != others);
}

TEST_CASE_METHOD(SweeperFixture,
                 "Evictions are expected to renew until the recount",
                 "[lease_sweeper]") {
  Register(20);
  Minute(3);
  CHECK(Minute(3) == 3);
  // 17 renew, of the 20 expected; one more silent is one too many.
  Minute(4);
  CHECK(sweeper.is_preserving());
  sweeper.Recount();
  CHECK_FALSE(sweeper.is_preserving());
  Minute(4);
  CHECK(store.size() == 16);
}

TEST_CASE_METHOD(SweeperFixture,
                 "Cancellations are no longer expected to renew",
                 "[lease_sweeper]") {
  Register(8);
  for (const char* hostname : {"h0", "h1", "h2", "h3"}) {
    REQUIRE(store.Cancel({kApp, "z1", hostname}, 0));
    sweeper.OnCancelled();
  }
  Minute(4);
  CHECK_FALSE(sweeper.is_preserving());
  for (int i = 0; i < 10; ++i) sweeper.OnCancelled();  // Never below none.
  sweeper.OnAdded();
  CHECK(sweeper.Sweep().empty());
  CHECK(sweeper.is_preserving());
}

TEST_CASE_METHOD(SweeperFixture,
                 "An eviction raises the revision to the time of it",
                 "[lease_sweeper]") {
  Register(1);
  clock.Advance(hours(2));
  REQUIRE(sweeper.Sweep().size() == 1);
  CHECK(store.View(kApp, "").revision == UnixNanos(clock));
}

}  // namespace
}  // namespace naming::node
