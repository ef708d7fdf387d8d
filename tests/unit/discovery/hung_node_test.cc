// SPDX-License-Identifier: Apache-2.0
// Many applications, and nodes that accept every request and answer none.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/discovery/poller_fixture.h"

namespace naming::discovery {
namespace {

using Pending = testing::FakeHttpClient::Pending;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kTick{20};

struct HungNodesFixture : PollerFixture {
  HungNodesFixture() : PollerFixture({"http://a:1", "http://b:1"}, 64) {}

  // Nodes in `hung` let requests time out; others have an instance of each
  // application, and hold polls that tell a version.
  void Run(milliseconds time) {
    for (milliseconds now{0}; now < time; now += kTick) {
      for (const Pending& request : std::vector<Pending>(http.pending())) {
        const auto [it, is_new] = began.emplace(request.id, loop.clock().Now());
        if (is_new) ++attempts[request.node];
        if (hung.count(request.node) == 0) {
          Answer(request);
        } else if (loop.clock().Now() - it->second >= request.request.timeout) {
          http.Fail(request, absl::DeadlineExceededError("timed out"));
        }
      }
      loop.Advance(kTick);
    }
  }

  void Answer(const Pending& request) {
    const List versions = request.Values("latest_timestamp");
    const bool is_held = request.path == kPolls &&
                         std::count(versions.begin(), versions.end(), "0") == 0;
    if (is_held) return;
    http.Answer(request, DataJson(Lists(request.Values("appid"))));
  }

  bool AllHaveLists() const {
    return std::all_of(topics.begin(), topics.end(), [](const auto& topic) {
      return topic->snapshot() != nullptr;
    });
  }

  std::set<std::string> hung;
  std::map<std::string, std::size_t> attempts;  // By node.
  std::map<testing::FakeHttpClient::RequestId, base::Clock::TimePoint> began;
};

TEST_CASE("Many applications try a hung node at most 20 times a minute",
          "[discovery][poller]") {
  HungNodesFixture f;
  f.hung = {"http://a:1", "http://b:1"};
  f.FollowMany(2000);
  for (int minute = 0; minute < 3; ++minute) {
    f.attempts.clear();
    f.Run(minutes(1));
    for (const auto& [node, count] : f.attempts) {
      CAPTURE(minute, node);
      CHECK(count <= 20);
    }
  }
  SECTION("and have their lists when one goes on") {
    f.hung = {"http://b:1"};
    f.Run(seconds(10));
    CHECK(f.AllHaveLists());
  }
}

TEST_CASE("Many applications get by a node that hangs", "[discovery][poller]") {
  HungNodesFixture f;
  f.hung = {GENERATE("http://a:1", "http://b:1")};
  f.FollowMany(2000);
  f.Run(milliseconds(1500));  // A third of the time for the first one.
  CHECK(f.AllHaveLists());
  CHECK(f.attempts[*f.hung.begin()] <= 2);
}

TEST_CASE("A node that answers gets all there is to ask at once",
          "[discovery][poller]") {
  HungNodesFixture f;
  f.FollowMany(2000);
  f.Run(3 * kTick);
  CHECK(f.AllHaveLists());
}

TEST_CASE("What waits for a trial may be left by its user",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 1);
  std::vector<std::shared_ptr<core::Topic>> topics;
  for (const char* const app_id : {"x", "y", "z"}) {
    topics.push_back(f.Follow(app_id));
  }
  f.Settle();
  REQUIRE(f.http.CountWaiting(kFetchs) == 2);
  SECTION("a trial") {
    f.poller->Unfollow(topics[0]);
    f.Settle();
    CHECK(f.http.CountWaiting(kFetchs) == 2);  // The next one's turn.
  }
  SECTION("what waits for it") {
    f.poller->Unfollow(topics[2]);
    f.Settle();
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    f.Settle();
    CHECK(f.http.pending().size() == 2);  // Its poll, and the other trial.
  }
}

}  // namespace
}  // namespace naming::discovery
