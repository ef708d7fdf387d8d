// SPDX-License-Identifier: Apache-2.0
// What each quirk changes of polls, and how it is without.

#include <chrono>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/node/quirky_node.h"

namespace naming::node {
namespace {

using Catch::Contains;
using Catch::StartsWith;
using std::chrono::seconds;

TEST_CASE("shared-poll-channels: a poll gets what another one asked for",
          "[quirks]") {
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  QuirkyNode node(is_quirky ? std::vector<std::string>{"shared-poll-channels"}
                            : std::vector<std::string>{});
  node.Register("a", "h1");
  node.Register("b", "h1");
  const RequestId for_a = node.Hold({"a"});
  const RequestId for_both = node.Hold({"a", "b"});
  const RequestId other = node.Hold({"b"}, "q");
  node.Register("b", "h2");
  const auto is_news = StartsWith(R"({"code":0,"data":{"b":)");
  CHECK_THAT(node.Answer(is_quirky ? for_a : for_both), is_news);
  CHECK_THAT(node.Answer(other), is_news);
  CHECK(node.Answer(is_quirky ? for_both : for_a) == "none");
  node.loop.Advance(seconds(30));
  CHECK(node.Answer(is_quirky ? for_both : for_a) == kNotModified);
}

TEST_CASE("shared-poll-channels: a client that has gone takes an answer",
          "[quirks]") {
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  QuirkyNode node(is_quirky ? std::vector<std::string>{"shared-poll-channels"}
                            : std::vector<std::string>{});
  node.Register("a", "h1");
  node.Register("b", "h1");
  const RequestId gone = node.Hold({"a"});
  node.directory.Drop(gone);
  const RequestId next = node.Hold({"a", "b"});
  node.Register("b", "h2");
  CHECK((node.Answer(gone) == "none") == !is_quirky);
  CHECK((node.Answer(next) == "none") == is_quirky);
}

TEST_CASE("quiet-set: a poller that was away misses it", "[quirks]") {
  const auto is_missed = [](QuirkyNode node) {
    node.Register("a", "h1");
    const std::string revision = node.Revision("a");
    const RequestId waiting = node.Hold({"a"});
    CHECK(node.PostBody("/discovery/set", node.Key("a", "h1") + "&status=2") ==
          node.kOk);
    CHECK_THAT(node.Answer(waiting), Contains(R"("sh001":[])"));
    return node.IsHeld("a", revision);
  };
  CHECK_FALSE(is_missed(QuirkyNode()));
  CHECK(is_missed(QuirkyNode({"quiet-set"})));
}

TEST_CASE("quiet-last-cancel: nobody is told of an application's end",
          "[quirks]") {
  const bool is_quiet = GENERATE(true, false);
  CAPTURE(is_quiet);
  QuirkyNode node(is_quiet ? std::vector<std::string>{"quiet-last-cancel"}
                           : std::vector<std::string>{});
  node.Register("a", "h1");
  node.Register("a", "h2");
  const std::string revision = node.Revision("a");
  const RequestId first = node.Hold({"a"});
  node.Cancel("a", "h1");
  CHECK_THAT(node.Answer(first), Contains("h2"));
  const RequestId last = node.Hold({"a"});
  node.Cancel("a", "h2");
  CHECK((node.Answer(last) == "none") == is_quiet);
  CHECK(node.IsHeld("a", revision) == is_quiet);
}

TEST_CASE("quiet-last-cancel: nobody is told of a zone's end", "[quirks]") {
  const bool is_quiet = GENERATE(true, false);
  CAPTURE(is_quiet);
  QuirkyNode node(is_quiet ? std::vector<std::string>{"quiet-last-cancel"}
                           : std::vector<std::string>{});
  node.Register("a", "h1");
  node.Register("a", "h2", "&zone=sh002&status=1");
  const std::string revision = node.Revision("a");
  node.Cancel("a", "h1");
  CHECK(node.IsHeld("a", revision + "&zone=sh001") == is_quiet);
  CHECK_FALSE(node.IsHeld("a", revision + "&zone=sh002"));
}

TEST_CASE("missing-app-fails-poll: one application that isn't there fails all",
          "[quirks]") {
  constexpr const char* kPoll =
      "/discovery/polls?env=dev&hostname=p&appid=a&latest_timestamp=0"
      "&appid=nope&latest_timestamp=0";
  QuirkyNode quirky({"missing-app-fails-poll"});
  quirky.Register("a", "h1");
  CHECK(quirky.GetBody(kPoll) == R"({"code":-404,"message":"-404","ttl":1})");
  QuirkyNode correct;
  correct.Register("a", "h1");
  CHECK_THAT(correct.GetBody(kPoll),
             StartsWith(R"({"code":0,"data":{"a":)") &&
                 Contains(R"("error":{"-404":["nope"]})"));
}

TEST_CASE("missing-app-fails-poll: poll says so like the other endpoints",
          "[quirks]") {
  constexpr const char* kPoll =
      "/discovery/poll?env=dev&hostname=p&appid=a&appid=nope";
  QuirkyNode quirky({"missing-app-fails-poll"});
  quirky.Register("a", "h1");
  CHECK(quirky.GetBody(kPoll) == R"({"code":-404,"message":"-404","ttl":1})");
  QuirkyNode correct;
  correct.Register("a", "h1");
  CHECK_THAT(correct.GetBody(kPoll), StartsWith(R"({"code":0,)"));
}

TEST_CASE("leaking-protection: what is hidden stands behind the error",
          "[quirks]") {
  constexpr const char* kProtected =
      R"({"code":-500,"message":"-500","ttl":1})";
  constexpr const char* kNodes = "/discovery/nodes";
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  QuirkyNode node(is_quirky ? std::vector<std::string>{"leaking-protection"}
                            : std::vector<std::string>{});
  const std::string nodes = node.GetBody(kNodes);
  node.handlers.ProtectReads();
  CHECK(node.GetBody(kNodes) ==
        (is_quirky ? kProtected + nodes : std::string(kProtected)));
  if (is_quirky) {
    node.Register("a", "h1");
    const RequestId ends = node.Hold({"a"});
    node.loop.Advance(seconds(30));
    CHECK(node.Answer(ends) == std::string(kProtected) + kNotModified);
    const RequestId told = node.Hold({"a"});
    node.Register("a", "h2");
    CHECK_THAT(node.Answer(told),
               StartsWith(std::string(kProtected) + R"({"code":0,)"));
  }
  // Which lasts 90 s and 60 s.
  node.loop.Advance(seconds(59));
  CHECK_THAT(node.GetBody(kNodes), StartsWith(kProtected));
  node.loop.Advance(seconds(1));
  CHECK(node.GetBody(kNodes) == nodes);
}

TEST_CASE("doubled-timeout: the end of a poll is told twice", "[quirks]") {
  const auto answer = [](QuirkyNode node) {
    node.Register("a", "h1");
    const RequestId id = node.Hold({"a"});
    node.loop.Advance(seconds(30));
    return node.Answer(id);
  };
  CHECK(answer(QuirkyNode()) == kNotModified);
  CHECK(answer(QuirkyNode({"doubled-timeout"})) ==
        std::string(kNotModified) + kNotModified);
}

TEST_CASE("plain-polls: polls answers like the other endpoints", "[quirks]") {
  constexpr const char* kPoll =
      "/discovery/polls?env=dev&hostname=p&appid=a&latest_timestamp=0";
  QuirkyNode quirky({"plain-polls"});
  quirky.Register("a", "h1");
  CHECK_THAT(quirky.GetBody(kPoll),
             StartsWith(R"({"code":0,"message":"0","ttl":1,"data":{"a":)"));
  const RequestId held = quirky.Hold({"a"});
  quirky.Register("a", "h2");
  CHECK_THAT(quirky.Answer(held),
             StartsWith(R"({"code":0,"message":"0","ttl":1,"data":{"a":)"));
  QuirkyNode correct;
  correct.Register("a", "h1");
  CHECK_THAT(correct.GetBody(kPoll), StartsWith(R"({"code":0,"data":{"a":)") &&
                                         Contains(R"("error":{"-404":null})"));
}

}  // namespace
}  // namespace naming::node
