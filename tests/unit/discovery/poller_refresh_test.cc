// SPDX-License-Identifier: Apache-2.0
// What polls alone lose is seen within the refresh period.

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/discovery/poller_fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Pending = testing::FakeHttpClient::Pending;

// A node that tells pollers nothing: it holds every poll that knows a version
// until its end. Who fetches, or knows nothing, gets the list.
struct QuietNodeFixture : PollerFixture {
  QuietNodeFixture() : PollerFixture({"http://a:1"}, 4, seconds(60)) {}

  void Run(milliseconds time) {
    for (milliseconds passed{0}; passed < time; passed += kStep) {
      const std::vector<Pending> pending = http.pending();
      for (const Pending& request : pending) Serve(request);
      loop.Advance(kStep);
    }
  }

  void Serve(const Pending& request) {
    if (is_down) return http.Fail(request, kReset);
    const bool is_informed = request.path == kPolls &&
                             request.Values("latest_timestamp") != List{"0"};
    if (request.path == kFetchs) NoteFetch(request.Values("appid"));
    if (!is_informed) {
      std::string data;
      for (const std::string& app_id : request.Values("appid")) {
        if (hostnames.empty()) break;
        data += (data.empty() ? "" : ",") + AppJson(app_id, version, hostnames);
      }
      http.Answer(request, DataJson(data));
      return;
    }
    const milliseconds left = request.request.timeout - seconds(3);
    milliseconds& held = held_[request.id];
    held += kStep;
    if (held >= left) http.Answer(request, CodeJson(-304));
  }

  void NoteFetch(const List& app_ids) {
    const auto now = loop.clock().Now();
    for (const std::string& app_id : app_ids) {
      const auto [it, is_first] = fetched_.emplace(app_id, now);
      if (!is_first) longest_ = std::max(longest_, now - it->second);
      it->second = now;
    }
  }

  // Returns the longest time so far from one fetchs of an application to the
  // next.
  base::Clock::Duration LongestBetweenFetches() const { return longest_; }

  static constexpr milliseconds kStep{50};

  bool is_down = false;
  std::int64_t version = 7;
  List hostnames = {"h1", "h2", "h3", "h4"};
  std::map<net::HttpClient::RequestId, milliseconds> held_;
  std::map<std::string, base::Clock::TimePoint> fetched_;
  base::Clock::Duration longest_{0};
};

TEST_CASE("What polls lose is seen within the refresh period",
          "[discovery][poller]") {
  QuietNodeFixture f;
  const auto topic = f.Follow("x");
  f.Run(seconds(10));
  REQUIRE(Hostnames(topic) == Set{"h1", "h2", "h3", "h4"});
  Set expected;
  SECTION("a /set between two polls, without a new version") {
    f.hostnames = {"h1", "h2", "h3"};
    expected = {"h1", "h2", "h3"};
  }
  SECTION("a removal while the node was down, whose version is lower now") {
    f.is_down = true;
    f.Run(seconds(10));
    f.is_down = false;
    f.version = 1;
    f.hostnames = {"h1", "h2", "h3"};
    expected = {"h1", "h2", "h3"};
  }
  SECTION("the last cancel, of which nobody is told") { f.hostnames = {}; }
  f.Run(seconds(62));  // An end is asked for twice.
  CHECK(Hostnames(topic) == expected);
}

TEST_CASE("Applications that come one by one are all read within the period",
          "[discovery][poller]") {
  const int gap_s = GENERATE(5, 20, 29, 40);
  CAPTURE(gap_s);
  QuietNodeFixture f;
  std::vector<std::shared_ptr<core::Topic>> topics;
  for (int i = 0; i < 12; ++i) {
    topics.push_back(f.Follow("x" + std::to_string(i)));
    f.Run(seconds(gap_s));
  }
  CHECK(f.LongestBetweenFetches() <= seconds(61));
}

TEST_CASE("A mass departure during a restart is confirmed, then applied",
          "[discovery][poller]") {
  QuietNodeFixture f;
  const auto topic = f.Follow("x");
  f.Run(seconds(10));
  const Set all = {"h1", "h2", "h3", "h4"};
  REQUIRE(Hostnames(topic) == all);
  f.is_down = true;
  f.Run(seconds(5));
  f.is_down = false;
  SECTION("of most") { f.hostnames = {"h1"}; }
  SECTION("of all") { f.hostnames = {}; }
  // They may return for as long as ShrinkPolicy::grace says.
  f.Run(seconds(80));
  CHECK(Hostnames(topic) == all);
  // Twice a refresh: that it is missing may be seen a minute late as well.
  f.Run(seconds(10 + 61 + 61));
  CHECK(Hostnames(topic) == Set(f.hostnames.begin(), f.hostnames.end()));
}

}  // namespace
}  // namespace naming::discovery
