// SPDX-License-Identifier: Apache-2.0

#include "discovery/poller.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/poller_fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Pending = testing::FakeHttpClient::Pending;

TEST_CASE("A new application is fetched, then polled with its version",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.Follow("x");
  f.Settle();
  const Pending fetch = f.http.Waiting(kFetchs);
  CHECK(fetch.Values("appid") == List{"x"});
  CHECK(fetch.Values("status") == List{"1"});
  f.http.Answer(fetch, DataJson(AppJson("x", 7, {"h1"})));
  CHECK(Hostnames(topic) == Set{"h1"});

  f.Settle();
  const Pending poll = f.http.Waiting(kPolls);
  CHECK(poll.Values("appid") == List{"x"});
  CHECK(poll.Values("latest_timestamp") == List{"7"});
  CHECK(poll.Values("env") == List{"dev"});
  CHECK(poll.Header("x1-bmspy-timeout") == "25020");
}

TEST_CASE("Until there is a list every node is tried in a hurry",
          "[discovery][poller]") {
  const auto [nodes, hasty, in_all] = GENERATE(
      Catch::Generators::table<std::size_t, milliseconds, milliseconds>(
          {{1, milliseconds(3000), milliseconds(3000)},
           {2, milliseconds(1000), milliseconds(4000)},
           {4, milliseconds(600), milliseconds(4800)}}));
  List seeds;
  for (std::size_t i = 0; i < nodes; ++i) {
    seeds.push_back("http://n" + std::to_string(i) + ":1");
  }
  PollerFixture f(seeds);
  f.Follow("x");
  f.Settle();
  Set asked;
  milliseconds waited{0};
  for (std::size_t i = 0; i < nodes; ++i) {
    const Pending fetch = f.http.Waiting(kFetchs);
    CHECK(fetch.request.timeout ==
          (i + 1 < nodes ? hasty : milliseconds(3000)));
    waited += fetch.request.timeout;
    asked.insert(fetch.node);
    f.http.Fail(fetch, absl::DeadlineExceededError("hangs"));
    f.Settle();
  }
  CHECK(asked.size() == nodes);
  CHECK(waited == in_all);
}

TEST_CASE("A change is delivered and the poll goes on", "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1"});
  f.loop.Advance(seconds(3));
  f.http.Answer(f.http.Waiting(kPolls),
                DataJson(AppJson("x", 8, {"h1", "h2"})));
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
  f.loop.Advance(milliseconds(0));
  CHECK(f.http.Waiting(kPolls).Values("latest_timestamp") == List{"8"});
}

TEST_CASE("An equal version is applied", "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2"});
  f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 7, {"h2"})));
  CHECK(Hostnames(topic) == Set{"h2"});
}

TEST_CASE("Code -304 is a success: same node, same version",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1", "http://b:1"});
  f.FollowHeld("x", 7, {"h1"});
  const Pending first = f.http.Waiting(kPolls);
  f.loop.Advance(seconds(25));
  f.http.Answer(first, CodeJson(-304));
  f.loop.Advance(milliseconds(0));
  const Pending second = f.http.Waiting(kPolls);
  CHECK(second.node == first.node);
  CHECK(second.Values("latest_timestamp") == List{"7"});
}

TEST_CASE("Every poll has a name of its own", "[discovery][poller]") {
  PollerFixture f;
  f.FollowHeld("x", 7, {"h1"});
  Set names;
  for (int i = 0; i < 5; ++i) {
    const Pending poll = f.http.Waiting(kPolls);
    REQUIRE(poll.Values("hostname").size() == 1);
    names.insert(poll.Values("hostname")[0]);
    f.loop.Advance(seconds(25));
    f.http.Answer(poll, CodeJson(-304));
    f.Settle();
  }
  CHECK(names.size() == 5);
  for (const std::string& name : names) CHECK(name.rfind("me/", 0) == 0);
}

TEST_CASE("An unknown application is reported, and followed until it appears",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.Follow("x");
  f.Settle();
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
  CHECK(Hostnames(topic) == Set{"(NOT_FOUND)"});
  f.Settle();
  const Pending poll = f.http.Waiting(kPolls);
  CHECK(poll.Values("latest_timestamp") == List{"0"});
  f.http.Answer(poll, DataJson(AppJson("x", 9, {"h1"})));
  CHECK(Hostnames(topic) == Set{"h1"});
}

TEST_CASE("A failed poll goes to another node at once, with version 0",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1", "http://b:1"});
  const auto topic = f.FollowHeld("x", 7, {"h1"});
  const Pending first = f.http.Waiting(kPolls);
  SECTION("the connection breaks") { f.http.Fail(first, kReset); }
  SECTION("the node is starting up") { f.http.Answer(first, CodeJson(-500)); }
  SECTION("the node answers nonsense, also for itself") {
    f.http.Answer(first, "<html>");
    f.http.Answer(f.http.Waiting(kPolls), "<html>");
    f.http.Answer(f.http.Waiting(kFetchs), "<html>");
  }
  SECTION("a proxy answers") {
    f.http.Answer(first, "busy", 503);
    f.http.Answer(f.http.Waiting(kPolls), "busy", 503);
    f.http.Answer(f.http.Waiting(kFetchs), "busy", 503);
  }
  CHECK(Hostnames(topic) == Set{"h1"});  // Kept.
  f.loop.Advance(milliseconds(0));
  // It may hang as well, which a poll would show much later.
  const Pending second = f.http.Waiting(kFetchs);
  CHECK(second.node != first.node);
  f.http.Answer(second, DataJson(AppJson("x", 3, {"h1"})));
  f.Settle();
  const Pending third = f.http.Waiting(kPolls);
  CHECK(third.node == second.node);
  CHECK(third.Values("latest_timestamp") == List{"3"});
}

TEST_CASE("A single node that failed is read again before it is polled",
          "[discovery][poller]") {
  PollerFixture f;
  f.FollowHeld("x", 7, {"h1"});
  f.http.Fail(f.http.Waiting(kPolls), kReset);
  CHECK(f.http.pending().empty());
  f.loop.Advance(seconds(1));
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("x", 3, {"h1"})));
  f.Settle();
  CHECK(f.http.Waiting(kPolls).Values("latest_timestamp") == List{"3"});
}

TEST_CASE("What waits for a node is asked for when a write finds it well",
          "[discovery][poller]") {
  PollerFixture f;
  f.FollowHeld("x", 7, {"h1"});
  for (int i = 0; i < 6; ++i) {
    f.nodes.Failed("http://a:1", f.loop.clock().Now(), kReset);
  }
  f.http.Fail(f.http.Waiting(kPolls), kReset);
  f.Settle();
  REQUIRE(f.http.pending().empty());
  f.nodes.Succeeded("http://a:1");
  f.Settle();
  CHECK(f.http.CountWaiting(kFetchs) == 1);
}

TEST_CASE("Versions on a new connection are not trusted",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2"});
  f.loop.Advance(seconds(25));
  // Restarted between two polls: the version is from another life.
  f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304), 200, true);
  f.loop.Advance(milliseconds(0));
  const Pending poll = f.http.Waiting(kPolls);
  CHECK(poll.Values("latest_timestamp") == List{"0"});
  f.http.Answer(poll, DataJson(AppJson("x", 3, {"h2"})));
  CHECK(Hostnames(topic) == Set{"h2"});
  SECTION("but a server that closes every connection still holds polls") {
    f.loop.Advance(milliseconds(200));
    f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 3, {"h2"})),
                  200, true);
    f.loop.Advance(milliseconds(2000));
    f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 3, {"h2"})),
                  200, true);
    f.loop.Advance(milliseconds(2000));
    CHECK(f.http.Waiting(kPolls).Values("latest_timestamp") == List{"3"});
  }
}

TEST_CASE("A new connection counts whichever request it was made for",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 1);
  const auto x = f.FollowHeld("x", 7, {"h1", "h2"});
  const Pending poll = f.http.Waiting(kPolls);
  SECTION("another group's") {
    f.FollowHeld("y", 5, {"h1"});
    const Pending other = f.http.pending().back();
    REQUIRE(other.Values("appid") == List{"y"});
    f.http.Answer(other, CodeJson(-304), 200, true);
    f.http.Answer(poll, CodeJson(-304));
  }
  SECTION("one of which nobody here knows") {
    f.http.AnswerOver(2, 2, poll, CodeJson(-304));
  }
  f.loop.Advance(seconds(10));
  List told;
  for (const Pending& next : f.http.pending()) {
    if (next.Values("appid") == List{"x"}) {
      told = next.Values("latest_timestamp");
    }
  }
  CHECK(told == List{"0"});
}

TEST_CASE("Two applications whose poll is refused by another life",
          "[discovery][poller]") {
  PollerFixture f;
  const auto x = f.Follow("x");
  const auto y = f.Follow("y");
  f.AnswerFetches(AppJson("x", 7, {"h1"}) + "," + AppJson("y", 8, {"h1"}));
  f.http.Answer(f.http.Waiting(kPolls), CodeJson(-404), 200, true);
  f.loop.Advance(milliseconds(100));
  REQUIRE(f.http.CountWaiting(kPolls) == 2);
  for (const Pending& poll : f.http.pending()) {
    CHECK(poll.Values("latest_timestamp") == List{"0"});
  }
}

TEST_CASE("A connection that whoever gave the version lived to see is trusted",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2", "h3"});
  f.loop.Advance(seconds(3));
  f.http.AnswerOver(1, 2, f.http.Waiting(kPolls),
                    DataJson(AppJson("x", 8, {"h1", "h2", "h3", "h4"})));
  f.Settle();
  f.loop.Advance(seconds(3));
  f.http.AnswerOver(2, 2, f.http.Waiting(kPolls), CodeJson(-304));
  f.loop.Advance(seconds(3));
  const Pending poll = f.http.Waiting(kPolls);
  CHECK(poll.Values("latest_timestamp") == List{"8"});
  SECTION("also for what its answer lacks") {
    f.http.AnswerOver(2, 2, poll, DataJson(AppJson("x", 9, {"h1"})));
    CHECK(Hostnames(topic) == Set{"h1"});
  }
  SECTION("and no later one") {
    f.http.AnswerOver(3, 3, poll, DataJson(AppJson("x", 9, {"h1"})));
    CHECK(Hostnames(topic) == Set{"h1", "h2", "h3", "h4"});
  }
}

TEST_CASE("An answer that brings nothing tells that its node lives on",
          "[discovery][poller]") {
  PollerFixture f;
  f.FollowHeld("x", 7, {"h1"});
  for (const auto& [connection, alive_at] : {std::pair(1, 5), {5, 9}, {8, 9}}) {
    f.loop.Advance(seconds(25));
    f.http.AnswerOver(static_cast<std::uint64_t>(connection),
                      static_cast<std::uint64_t>(alive_at),
                      f.http.Waiting(kPolls), CodeJson(-304));
    f.Settle();
    CHECK(f.http.Waiting(kPolls).Values("latest_timestamp") == List{"7"});
  }
  f.loop.Advance(seconds(25));
  f.http.AnswerOver(10, 10, f.http.Waiting(kPolls), CodeJson(-304));
  f.Settle();
  CHECK(f.http.Waiting(kPolls).Values("latest_timestamp") == List{"0"});
}

TEST_CASE("A second application doesn't disturb the poll of the first",
          "[discovery][poller]") {
  PollerFixture f;
  const auto x = f.FollowHeld("x", 7, {"h1"});
  const Pending first = f.http.Waiting(kPolls);
  const auto y = f.FollowHeld("y", 3, {"h9"});
  CHECK(Hostnames(y) == Set{"h9"});
  CHECK(f.http.aborted() == 0);
  // The poll that begins now takes the first application in, when the node has
  // shown that it reads both.
  f.http.Answer(
      f.http.Waiting(kFetchs),
      DataJson(AppJson("x", 7, {"h1"}) + "," + AppJson("y", 3, {"h9"})));
  f.Settle();
  REQUIRE(f.http.CountWaiting(kPolls) == 2);
  const Pending joint = f.http.pending()[1];
  CHECK(joint.Values("appid") == List{"x", "y"});
  CHECK(joint.Values("latest_timestamp") == List{"7", "3"});

  SECTION("whose end changes nothing") {
    f.loop.Advance(seconds(24));
    f.http.Answer(first, CodeJson(-304));
    f.Settle();
    REQUIRE(f.http.CountWaiting(kPolls) == 1);
    CHECK(f.http.pending()[0].id == joint.id);
  }
  SECTION("whose change is still applied") {
    f.http.Answer(first, DataJson(AppJson("x", 8, {"h2"})));
    CHECK(Hostnames(x) == Set{"h2"});
    f.Settle();
    CHECK(f.http.CountWaiting(kPolls) == 1);
  }
  SECTION("whose failure costs no application its poll") {
    f.http.Fail(first, kReset);
    f.http.Fail(joint, kReset);
    f.loop.Advance(seconds(1));
    CHECK(f.http.Waiting(kFetchs).Values("appid") == List{"x", "y"});
  }
}

TEST_CASE("A small group joins a larger one when that one's poll ends",
          "[discovery][poller]") {
  PollerFixture f;
  const auto a = f.Follow("a");
  const auto b = f.Follow("b");
  f.Settle();
  f.AnswerFetches("");
  const Pending larger = f.http.Waiting(kPolls);
  const auto c = f.FollowHeld("c", 3, {"h9"});
  REQUIRE(f.http.CountWaiting(kPolls) == 2);
  const Pending alone = f.http.pending()[1];
  CHECK(alone.Values("appid") == List{"c"});

  f.loop.Advance(seconds(24));
  f.http.Answer(larger, CodeJson(-304));
  f.Settle();
  f.AnswerFetches(AppJson("c", 3, {"h9"}));
  // Its own poll goes on: it is never without one.
  REQUIRE(f.http.CountWaiting(kPolls) == 2);
  CHECK(f.http.pending()[1].Values("appid") == List{"a", "b", "c"});
  SECTION("and isn't repeated when it ends") {
    f.http.Answer(alone, CodeJson(-304));
    f.Settle();
    CHECK(f.http.CountWaiting(kPolls) == 1);
  }
  SECTION("and what it brings is applied") {
    f.http.Answer(alone, DataJson(AppJson("c", 4, {"h8"})));
    CHECK(Hostnames(c) == Set{"h8"});
  }
}

TEST_CASE("A small group joins a full one when that one has room again",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 3);
  f.Follow("a");
  f.Follow("b");
  const auto c = f.Follow("c");
  f.Settle();
  f.AnswerFetches("");
  f.FollowHeld("d", 3, {"h9"});
  const auto end_first_poll = [&f] {
    f.loop.Advance(seconds(24));
    f.http.Answer(f.http.pending()[0], CodeJson(-304));
    f.Settle();
    // The other one's is the first now.
    std::vector<List> polled;
    for (const Pending& poll : f.http.pending()) {
      polled.push_back(poll.Values("appid"));
    }
    return polled;
  };
  // Twice, because what was of no use the first time isn't looked at again.
  CHECK(end_first_poll() == std::vector<List>{{"d"}, {"a", "b", "c"}});
  CHECK(end_first_poll() == std::vector<List>{{"a", "b", "c"}, {"d"}});
  CHECK(end_first_poll() == std::vector<List>{{"d"}, {"a", "b", "c"}});
  CHECK(end_first_poll() == std::vector<List>{{"a", "b", "c"}, {"d"}});
  f.poller->Unfollow(c);
  CHECK(end_first_poll() == std::vector<List>{{"d"}, {"a", "b", "d"}});
}

TEST_CASE("Groups are bounded in applications", "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 4);
  for (int i = 0; i < 10; ++i) f.Follow("app" + std::to_string(i));
  f.Settle();
  f.AnswerFetches("");
  REQUIRE(f.http.CountWaiting(kPolls) == 3);
  Set polled;
  for (const Pending& poll : f.http.pending()) {
    const List app_ids = poll.Values("appid");
    CHECK(app_ids.size() <= 4);
    polled.insert(app_ids.begin(), app_ids.end());
  }
  CHECK(polled.size() == 10);
}

TEST_CASE("Groups are bounded in bytes", "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 1000);
  for (int i = 0; i < 100; ++i) {
    f.Follow(std::string(200, 'a') + std::to_string(i));
  }
  f.Settle();
  f.AnswerFetches("");
  CHECK(f.http.CountWaiting(kPolls) >= 6);
  for (const Pending& poll : f.http.pending()) {
    CHECK(poll.request.url.size() < 8000);
  }
}

TEST_CASE("An application that nobody uses is polled no more",
          "[discovery][poller]") {
  PollerFixture f;
  SECTION("alone: its poll is dropped") {
    const auto topic = f.FollowHeld("x", 7, {"h1"});
    f.poller->Unfollow(topic);
    f.Settle();
    CHECK(f.http.pending().empty());
  }
  SECTION("with others: it is left out of the next poll") {
    const auto x = f.Follow("x");
    const auto y = f.Follow("y");
    f.Settle();
    f.AnswerFetches("");
    f.poller->Unfollow(x);
    f.Settle();
    CHECK(f.http.aborted() == 0);
    f.loop.Advance(seconds(25));
    f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
    f.Settle();
    CHECK(f.http.Waiting(kPolls).Values("appid") == List{"y"});
  }
  SECTION("before it began: it never begins") {
    const auto topic = f.Follow("x");
    f.poller->Unfollow(topic);
    f.Settle();
    CHECK(f.http.sent() == 0);
  }
  SECTION("dropped and taken up again: it begins anew") {
    const auto topic = f.FollowHeld("x", 7, {"h1"});
    f.poller->Unfollow(topic);
    const auto again = f.FollowHeld("x", 7, {"h1"});
    CHECK(Hostnames(again) == Set{"h1"});
    CHECK(f.http.CountWaiting(kPolls) == 1);
  }
}

TEST_CASE("Answers that come at once and bring nothing are asked for rarely",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1"});
  const std::size_t before = f.http.sent();
  // 60 s of a node that answers each poll at once.
  std::string answer;
  SECTION("-304 without holding") { answer = CodeJson(-304); }
  SECTION("the same version again and again") {
    answer = DataJson(AppJson("x", 7, {"h1"}));
  }
  SECTION("an application that can't be read") {
    answer = DataJson(R"("x":null)");
  }
  SECTION("an old node that doesn't know the application") {
    answer = CodeJson(-404);
  }
  SECTION("a refusal") { answer = CodeJson(-400); }
  for (int i = 0; i < 60'000; ++i) {
    if (!f.http.pending().empty()) f.http.Answer(f.http.pending()[0], answer);
    f.loop.Advance(milliseconds(1));
  }
  CHECK(f.http.sent() - before <= 90);  // One to two a second.
  CHECK(f.http.sent() - before >= 20);
  CHECK(Hostnames(topic) == Set{"h1"});
}

TEST_CASE("A flood of real changes is polled at most 50 times a second",
          "[discovery][poller]") {
  PollerFixture f;
  f.FollowHeld("x", 7, {"h1"});
  const std::size_t before = f.http.sent();
  int version = 7;
  for (int i = 0; i < 1000; ++i) {
    if (!f.http.pending().empty()) {
      const std::string hostname = "h" + std::to_string(++version);
      f.http.Answer(f.http.pending()[0],
                    DataJson(AppJson("x", version, {hostname})));
    }
    f.loop.Advance(milliseconds(1));
  }
  CHECK(f.http.sent() - before <= 51);
  CHECK(f.http.sent() - before >= 40);
}

TEST_CASE("New versions of one list are polled at most twice a second",
          "[discovery][poller]") {
  PollerFixture f;
  f.FollowHeld("x", 7, {"h1"});
  const std::size_t before = f.http.sent();
  int version = 7;
  for (int i = 0; i < 10'000; i += 5) {
    if (!f.http.pending().empty()) {
      f.http.Answer(f.http.pending()[0],
                    DataJson(AppJson("x", ++version, {"h1"})));
    }
    f.loop.Advance(milliseconds(5));
  }
  CHECK(f.http.sent() - before <= 20);
  // What is really new is asked for at once again.
  f.loop.Advance(seconds(2));
  f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 99, {"h2"})));
  f.loop.Advance(milliseconds(20));
  CHECK(f.http.CountWaiting(kPolls) == 1);
}

TEST_CASE("An unreadable answer for an application that is followed anew",
          "[discovery][poller]") {
  PollerFixture f;
  const auto x = f.Follow("x");
  const auto y = f.Follow("y");
  f.Settle();
  f.http.Answer(
      f.http.Waiting(kFetchs),
      DataJson(AppJson("x", 1, {"h0"}) + "," + AppJson("y", 1, {"h1"})));
  f.Settle();
  const Pending poll = f.http.Waiting(kPolls);
  f.poller->Unfollow(x);
  const auto again = f.Follow("x");
  f.loop.RunReady();
  f.http.Answer(poll, DataJson(R"("x":7,)" + AppJson("y", 2, {"h2"})));
  CHECK(Hostnames(y) == Set{"h2"});
  f.Settle();
  CHECK(f.http.Waiting(kFetchs).Values("appid") == List{"x"});
}

TEST_CASE("One empty answer empties no list, the next one does",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2"});
  f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 8, {})));
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
  CHECK(f.http.pending().empty());
  f.loop.Advance(seconds(1));
  const Pending fetch = f.http.Waiting(kFetchs);
  SECTION("it was wrong") {
    f.http.Answer(fetch, DataJson(AppJson("x", 9, {"h1", "h2"})));
    CHECK(Hostnames(topic) == Set{"h1", "h2"});
  }
  SECTION("it has gone") {
    f.http.Answer(fetch, DataJson(""));
    CHECK(Hostnames(topic).empty());
  }
}

TEST_CASE("What nobody follows isn't even read", "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1"});
  f.http.Answer(f.http.Waiting(kPolls),
                DataJson(R"("other":7,)" + AppJson("x", 8, {"h2"})));
  CHECK(Hostnames(topic) == Set{"h2"});
  CHECK(f.nodes.monitor().counters().Stats().decode_errors == 0);
}

TEST_CASE("One application that a node refuses doesn't stop the others",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 8);
  std::vector<std::shared_ptr<core::Topic>> topics;
  for (int i = 0; i < 8; ++i)
    topics.push_back(f.Follow("x" + std::to_string(i)));
  f.Settle();
  f.AnswerFetches("");
  // An old node: -404 for every poll that names the missing x5.
  for (int ms = 0; ms < 5000; ++ms) {
    for (const Pending& poll : std::vector<Pending>(f.http.pending())) {
      const List app_ids = poll.Values("appid");
      const bool is_poll = poll.path == kPolls;
      const List versions = poll.Values("latest_timestamp");
      std::string data;
      bool has_missing = false;
      for (std::size_t i = 0; i < app_ids.size(); ++i) {
        if (app_ids[i] == "x5") {
          has_missing = is_poll;
          continue;
        }
        if (is_poll && versions[i] != "0") continue;
        if (!data.empty()) data += ",";
        data += AppJson(app_ids[i], 1, {"h"});
      }
      if (has_missing) {
        f.http.Answer(poll, CodeJson(-404));
      } else if (!is_poll || !data.empty()) {
        f.http.Answer(poll, DataJson(data));
      }
    }
    f.loop.Advance(milliseconds(1));
  }
  for (int i = 0; i < 8; ++i) {
    CAPTURE(i);
    CHECK(Hostnames(topics[i]) == (i == 5 ? Set{"(NOT_FOUND)"} : Set{"h"}));
  }
}

TEST_CASE("A malformed application gets a group of its own",
          "[discovery][poller]") {
  PollerFixture f;
  const auto x = f.Follow("x");
  const auto y = f.Follow("y");
  f.Settle();
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("y", 1, {"h1"})));
  f.Settle();
  f.http.Answer(f.http.Waiting(kPolls),
                DataJson(R"("x":7,)" + AppJson("y", 2, {"h2"})));
  CHECK(Hostnames(y) == Set{"h2"});
  f.loop.Advance(seconds(3));
  REQUIRE(f.http.CountWaiting(kPolls) == 2);
  CHECK(f.http.pending()[0].Values("appid") == List{"y"});
  CHECK(f.http.pending()[1].Values("appid") == List{"x"});
  SECTION("until it can be read again") {
    f.http.Answer(f.http.pending()[1], DataJson(AppJson("x", 5, {"h5"})));
    CHECK(Hostnames(x) == Set{"h5"});
    f.Settle();
    f.loop.Advance(seconds(25));
    f.http.Answer(f.http.pending()[0], CodeJson(-304));
    f.Settle();
    CHECK(f.http.pending().back().Values("appid") == List{"x", "y"});
  }
}

TEST_CASE("Every application's list is fetched anew every 30 to 60 s",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 4, seconds(60));
  const auto x = f.FollowHeld("x", 7, {"h1"});
  const auto began = f.loop.clock().Now();
  // A node that holds every poll until its end, and brings nothing.
  while (f.http.CountWaiting(kFetchs) == 0) {
    const Pending poll = f.http.Waiting(kPolls);
    f.loop.Advance(milliseconds(
        base::ParseInt64(poll.Header("x1-bmspy-timeout")).value() - 20));
    f.http.Answer(poll, CodeJson(-304));
    f.loop.Advance(milliseconds(0));
  }
  const auto after = f.loop.clock().Now() - began;
  CHECK(after >= seconds(29));
  CHECK(after <= seconds(61));
  SECTION("what polls lost is seen: a change without a new version") {
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("x", 7, {"h2"})));
    CHECK(Hostnames(x) == Set{"h2"});
  }
  SECTION("what polls can't tell is seen: the application is gone") {
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    f.loop.Advance(seconds(1));
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    CHECK(Hostnames(x) == Set{});
    f.Settle();
    // Whatever appears then is new, be its version ever so small.
    CHECK(f.http.Waiting(kPolls).Values("latest_timestamp") == List{"0"});
  }
  f.Settle();
  CHECK(f.http.CountWaiting(kPolls) == 1);
}

TEST_CASE("After a poll that is short because a refresh is due comes that one",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 4, seconds(60));
  f.FollowHeld("x", 7, {"h1"});
  const auto hold = [&f] {
    const auto text = f.http.Waiting(kPolls).Header("x1-bmspy-timeout");
    return milliseconds(base::ParseInt64(text).value() - 20);
  };
  const milliseconds whole = hold();
  while (hold() == whole) {
    f.loop.Advance(whole);
    f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
    f.Settle();
  }
  // A change comes just before the refresh.
  f.loop.Advance(hold() - milliseconds(300));
  f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 8, {"h2"})));
  f.Settle();
  REQUIRE(hold() < milliseconds(300));
  f.loop.Advance(hold());
  f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
  f.Settle();
  CHECK(f.http.CountWaiting(kFetchs) == 1);
}

TEST_CASE("What a node that stayed there removes is gone at once",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 4, seconds(60));
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2", "h3"});
  SECTION("by a poll") {
    f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 8, {"h2"})));
    CHECK(Hostnames(topic) == Set{"h2"});
  }
  SECTION("by a fetch, of an application that is no more, once it is sure") {
    f.loop.Advance(seconds(25));
    f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
    f.loop.Advance(milliseconds(0));
    if (f.http.CountWaiting(kPolls) > 0) {
      f.loop.Advance(seconds(35));
      f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
      f.loop.Advance(milliseconds(0));
    }
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    f.loop.Advance(seconds(1));
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    CHECK(Hostnames(topic) == Set{});
  }
}

TEST_CASE("What a node lacks that may have restarted is held back",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1", "http://b:1"});
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2", "h3"});
  const Pending poll = f.http.Waiting(kPolls);
  const std::string emptied = DataJson(AppJson("x", 8, {}));
  switch (GENERATE(0, 1, 2)) {
    case 0:  // It failed.
      f.http.Fail(poll, kReset);
      f.loop.Advance(seconds(1));
      f.http.Answer(f.http.Waiting(kFetchs), emptied);
      break;
    case 1:  // The connection is another one.
      f.http.Answer(poll, emptied, 200, true);
      break;
    default:  // Somebody else has seen it fail meanwhile.
      f.nodes.Failed(poll.node, f.loop.clock().Now(), kReset);
      f.http.Answer(poll, emptied);
  }
  CHECK(Hostnames(topic) == Set{"h1", "h2", "h3"});
  SECTION("while providers return") {
    f.loop.Advance(milliseconds(200));
    // A fetchs where the node has failed, else a poll.
    f.http.Answer(f.http.pending().at(0), DataJson(AppJson("x", 9, {"h2"})));
    CHECK(Hostnames(topic) == Set{"h1", "h2", "h3"});
    f.loop.Advance(milliseconds(400));
    f.http.Answer(f.http.Waiting(kPolls),
                  DataJson(AppJson("x", 10, {"h2", "h3"})));
    CHECK(Hostnames(topic) == Set{"h2", "h3"});  // No cliff any more.
  }
}

TEST_CASE("What a fetch on a new connection lacks is held back",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 4, seconds(60));
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2", "h3"});
  while (f.http.CountWaiting(kFetchs) == 0) {
    f.loop.Advance(seconds(25));
    f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
    f.loop.Advance(milliseconds(0));
  }
  SECTION("of an application that is no more") {
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""), 200, true);
  }
  SECTION("of most of it") {
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("x", 8, {"h1"})),
                  200, true);
  }
  CHECK(Hostnames(topic) == Set{"h1", "h2", "h3"});
}

TEST_CASE("What a node lacks that failed since it gave the list is held back",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1", "h2", "h3"});
  f.loop.Advance(seconds(25));
  f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
  // Somebody else has seen it, between two polls of this one.
  f.nodes.Failed("http://a:1", f.loop.clock().Now(), kReset);
  f.loop.Advance(seconds(1));
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("x", 8, {"h1"})));
  CHECK(Hostnames(topic) == Set{"h1", "h2", "h3"});
}

TEST_CASE("All groups go on as soon as one finds a node well again",
          "[discovery][poller]") {
  PollerFixture f({"http://a:1"}, 1);
  for (int i = 0; i < 3; ++i) f.FollowHeld("x" + std::to_string(i), 1, {"h"});
  REQUIRE(f.http.CountWaiting(kPolls) == 3);
  for (int failures = 0; failures < 12; ++failures) {
    while (!f.http.pending().empty()) {
      f.http.Fail(f.http.pending()[0], kReset);
    }
    // The back-off grows to seconds; only one group probes at a time.
    while (f.http.pending().empty()) f.loop.Advance(milliseconds(10));
    CHECK(f.http.pending().size() == 1);
  }
  f.http.Answer(f.http.pending()[0], DataJson(""));
  f.loop.Advance(seconds(1));
  CHECK(f.http.pending().size() == 3);
}

TEST_CASE("The first fetch survives an outage of every node",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.Follow("x");
  f.Settle();
  for (int i = 0; i < 3; ++i) {
    f.http.Fail(f.http.Waiting(kFetchs), kReset);
    while (f.http.pending().empty()) f.loop.Advance(milliseconds(10));
  }
  CHECK(Hostnames(topic) == Set{"(DEADLINE_EXCEEDED)"});
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("x", 1, {"h"})));
  CHECK(Hostnames(topic) == Set{"h"});
}

TEST_CASE("Polls, pushes, refreshes and what is left out are counted",
          "[discovery][poller]") {
  PollerFixture f;
  const auto topic = f.FollowHeld("x", 7, {"h1"});
  const auto stats = [&f] { return f.requester.counters().Stats(); };
  CHECK(stats().refreshes == 1);
  CHECK(stats().polls == 1);
  CHECK(stats().pushes == 0);

  f.loop.Advance(seconds(25));
  f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
  f.Settle();
  CHECK(stats().polls == 2);
  CHECK(stats().pushes == 0);

  // One of another application, and one whose only address is no address.
  f.http.Answer(f.http.Waiting(kPolls),
                DataJson(R"("x":{"instances":{"z":[)"
                         R"({"zone":"z","env":"dev","appid":"y"},)"
                         R"({"zone":"z","env":"dev","appid":"x",)"
                         R"("hostname":"h3","addrs":["http://h3:80"]},)"
                         R"({"zone":"z","env":"dev","appid":"x",)"
                         R"("hostname":"h2","addrs":["h2"]}]},)"
                         R"("latest_timestamp":8})"));
  f.Settle();
  CHECK(stats().polls == 3);
  CHECK(stats().pushes == 1);
  CHECK(stats().dropped_instances == 2);
  CHECK(stats().dropped_addresses == 1);

  f.http.Answer(f.http.Waiting(kPolls), DataJson(R"("x":1)"));
  CHECK(stats().decode_errors == 1);
}

TEST_CASE("An application is told at once that no node may be asked",
          "[discovery][poller]") {
  PollerFixture f;
  f.nodes.Failed("http://a:1", f.loop.clock().Now(), kReset);
  const auto topic = f.Follow("x");
  Snapshot saved;
  saved.app_id = "x";
  saved.stale_since = f.loop.clock().WallNow();
  topic->Restore(saved);
  f.loop.Advance(milliseconds(5));
  CHECK(f.http.sent() == 0);
  CHECK(Hostnames(topic).empty());  // The saved list, which has none.
}

}  // namespace
}  // namespace naming::discovery
