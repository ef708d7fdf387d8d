// SPDX-License-Identifier: Apache-2.0

#include "discovery/poll_group.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/topic.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/poller_fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::seconds;
using Pending = testing::FakeHttpClient::Pending;

constexpr char kNode[] = "http://a:1";
constexpr char kOther[] = "http://b:1";

PolledApp MakeApp(const std::string& app_id, std::int64_t version,
                  const std::string& node, std::uint64_t epoch) {
  PolledApp app;
  app.topic = std::make_shared<core::Topic>(
      std::make_shared<core::TopicSetting>(), app_id);
  app.version = version;
  app.node = node;
  app.epoch = epoch;
  return app;
}

std::string QueryOf(const Pending& request) {
  return request.request.url.substr(request.request.url.find('?') + 1);
}

TEST_CASE("A node is told the versions that it gave in this life of it",
          "[discovery][poll-group]") {
  PolledApp a = MakeApp("a", 5, kNode, 1);
  PolledApp b = MakeApp("b", 6, kOther, 1);
  PollGroup group(1);
  group.Add(a);
  group.Add(b);
  group.TellTo(kNode, 1);
  CHECK(group.text.text() ==
        "&appid=a&latest_timestamp=5&appid=b&latest_timestamp=0");

  SECTION("not those of another node") {
    group.TellTo(kOther, 1);
    CHECK(group.text.text() ==
          "&appid=a&latest_timestamp=0&appid=b&latest_timestamp=6");
  }
  SECTION("not those from before an outage") {
    group.TellTo(kNode, 2);
    CHECK(group.text.text() ==
          "&appid=a&latest_timestamp=0&appid=b&latest_timestamp=0");
  }
  SECTION("a new one from then on") {
    b.node = kNode;
    b.version = 7;
    group.Tell(b);
    CHECK(group.text.text() ==
          "&appid=a&latest_timestamp=5&appid=b&latest_timestamp=7");
  }
  SECTION("also of an application that comes later") {
    PolledApp c = MakeApp("c", 8, kNode, 1);
    PolledApp d = MakeApp("d", 9, kOther, 1);
    group.Remove(a);
    group.Remove(b);
    group.Add(d);
    group.Add(c);
    CHECK(group.text.text() ==
          "&appid=c&latest_timestamp=8&appid=d&latest_timestamp=0");
  }
}

TEST_CASE("A poll names its group as it is then", "[discovery][poller]") {
  PollerFixture f;
  const auto x = f.Follow("x");
  const auto y = f.Follow("y");
  f.Settle();
  f.http.Answer(
      f.http.Waiting(kFetchs),
      DataJson(AppJson("x", 7, {"h1"}) + "," + AppJson("y", 8, {"h2"})));
  f.Settle();
  const Pending poll = f.http.Waiting(kPolls);
  CHECK(QueryOf(poll) ==
        "env=dev&hostname=me%2F1&appid=x&latest_timestamp=7"
        "&appid=y&latest_timestamp=8");
  f.loop.Advance(seconds(1));

  SECTION("with the versions that the last one brought") {
    f.http.Answer(poll, DataJson(AppJson("y", 123, {"h3"})));
    f.Settle();
    CHECK(QueryOf(f.http.Waiting(kPolls)) ==
          "env=dev&hostname=me%2F2&appid=x&latest_timestamp=7"
          "&appid=y&latest_timestamp=123");
  }
  SECTION("without what left meanwhile, although the answer has it") {
    f.poller->Unfollow(x);
    f.Settle();
    f.http.Answer(poll, DataJson(AppJson("x", 9, {"h3"})));
    f.Settle();
    CHECK(QueryOf(f.http.Waiting(kPolls)) ==
          "env=dev&hostname=me%2F2&appid=y&latest_timestamp=8");
  }
  SECTION("with what came meanwhile, at the version of its own poll") {
    f.FollowHeld("a/b", 3, {"h4"});
    f.http.Answer(poll, CodeJson(-304));
    f.Settle();
    REQUIRE(f.http.CountWaiting(kPolls) == 2);
    CHECK(QueryOf(f.http.pending()[1]) ==
          "env=dev&hostname=me%2F3&appid=a%2Fb&latest_timestamp=3"
          "&appid=x&latest_timestamp=7&appid=y&latest_timestamp=8");
  }
  SECTION("also when an old poll answers for what is followed anew") {
    f.poller->Unfollow(x);
    const auto again = f.FollowHeld("x", 7, {"h1"});
    f.AnswerFetches(AppJson("x", 7, {"h1"}) + "," + AppJson("y", 8, {"h2"}));
    REQUIRE(f.http.CountWaiting(kPolls) == 2);
    const Pending anew = f.http.pending()[1];
    f.http.Answer(poll, DataJson(AppJson("x", 9, {"h3"})));
    CHECK(Hostnames(again) == Set{"h3"});
    f.loop.Advance(seconds(1));
    f.http.Answer(anew, CodeJson(-304));
    f.Settle();
    CHECK(QueryOf(f.http.Waiting(kPolls)) ==
          "env=dev&hostname=me%2F3&appid=x&latest_timestamp=9"
          "&appid=y&latest_timestamp=8");
  }
}

}  // namespace
}  // namespace naming::discovery
