// SPDX-License-Identifier: Apache-2.0
// poll and polls: what is answered at once, held, and told of a change.

#include <chrono>
#include <string>

#include "node/handlers.h"
#include "tests/support/catch.h"
#include "tests/unit/node/fixture.h"

namespace naming::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Instance(const std::string& app_id, const std::string& hostname) {
  return R"({"region":"sh","zone":"sh001","env":"dev","appid":")" + app_id +
         R"(","hostname":")" + hostname +
         R"(","addrs":["http://127.0.0.1:8000"],"version":"","metadata":{},)"
         R"("status":1,"reg_timestamp":T,"up_timestamp":T,)"
         R"("renew_timestamp":T,"dirty_timestamp":T,"latest_timestamp":T})";
}

// What polls answers: `data` and the list of what is missing.
std::string News(const std::string& data, const std::string& missing = "null") {
  return R"({"code":0,"data":{)" + data + R"(},"error":{"-404":)" + missing +
         R"(},"message":"0"})";
}

std::string App(const std::string& app_id, const std::string& zones) {
  return "\"" + app_id + R"(":{"instances":{)" + zones +
         R"(},"latest_timestamp":T})";
}

class PollFixture : public NodeFixture {
 protected:
  // Polls, and returns the id that the request is held under.
  RequestId Hold(const std::string& target, const std::string& timeout = "") {
    CAPTURE(target);
    Request request;
    request.method = "GET";
    request.target = target;
    request.timeout = timeout;
    const auto response = Send(request);
    CAPTURE(response ? Body(*response) : "held");
    REQUIRE_FALSE(response.has_value());
    return last_id;
  }

  // Polls for what is newer than the present state of one application.
  RequestId HoldFor(const std::string& app_id,
                    const std::string& timeout = "") {
    return Hold("/discovery/polls?env=dev&hostname=p&appid=" + app_id +
                    "&latest_timestamp=" + Revision(app_id),
                timeout);
  }

  // Returns the answer that a held request has got.
  std::string Answer(RequestId id) {
    const auto it = replies.find(id);
    return it == replies.end() ? "none" : Masked(Body(it->second));
  }

  // Returns how long a poll with that header is held.
  milliseconds HoldTime(const std::string& timeout) {
    const RequestId id = HoldFor("infra.discovery", timeout);
    milliseconds held{0};
    while (replies.count(id) == 0 && held < seconds(31)) {
      loop.Advance(milliseconds(1));
      ++held;
    }
    CHECK(Answer(id) == kNotModified);
    return held;
  }
};

TEST_CASE_METHOD(PollFixture, "polls answers at once what is new", "[polls]") {
  Register("demo.app", "h1");
  const std::string poll =
      "/discovery/polls?env=dev&hostname=p1&appid=demo.app";
  const std::string news =
      News(App("demo.app", R"("sh001":[)" + Instance("demo.app", "h1") + "]"));
  CHECK(GetBody(poll + "&latest_timestamp=0") == news);
  CHECK(GetBody(poll + "&latest_timestamp=-1") == news);
  CHECK(GetBody(poll + "&latest_timestamp=1") == news);
  CHECK(GetBody(poll + "&appid=nope&latest_timestamp=0&latest_timestamp=0") ==
        News(App("demo.app", R"("sh001":[)" + Instance("demo.app", "h1") + "]"),
             R"(["nope"])"));
}

TEST_CASE_METHOD(PollFixture, "polls answers with what is new alone",
                 "[polls]") {
  Register("a", "h1");
  Register("b", "h1");
  CHECK(GetBody("/discovery/polls?env=dev&hostname=p1&appid=a&appid=b"
                "&latest_timestamp=" +
                Revision("a") + "&latest_timestamp=0") ==
        News(App("b", R"("sh001":[)" + Instance("b", "h1") + "]")));
}

TEST_CASE_METHOD(PollFixture, "polls needs a timestamp for each application",
                 "[polls]") {
  Register("a", "h1");
  const std::string poll = "/discovery/polls?env=dev&hostname=p1&appid=a";
  CHECK(GetBody(poll) == kBadRequest);
  CHECK(GetBody(poll + "&latest_timestamp=") == kBadRequest);
  CHECK(GetBody(poll + "&latest_timestamp=0&latest_timestamp=0") ==
        kBadRequest);
  CHECK(GetBody(poll + "&appid=b&latest_timestamp=0") == kBadRequest);
  CHECK(GetBody(poll + "&latest_timestamp=abc") ==
        R"({"code":-400,"message":"strconv.ParseInt: parsing \"abc\": )"
        R"(invalid syntax","ttl":1})");
  CHECK(GetBody("/discovery/polls?env=dev&appid=a&latest_timestamp=0") ==
        R"({"code":-400,"message":"Key: 'ArgPolls.Hostname' Error:Field )"
        R"(validation for 'Hostname' failed on the 'required' tag","ttl":1})");
}

TEST_CASE_METHOD(PollFixture, "polls shows who is up, of zones asked for",
                 "[polls]") {
  Register("a", "h1");
  Register("a", "h2", "&zone=sh001&status=2");
  Register("a", "h3", "&zone=sh002&status=2");
  const std::string h1 = R"("sh001":[)" + Instance("a", "h1") + "]";
  CHECK(GetBody("/discovery/polls?env=dev&hostname=p&appid=a"
                "&latest_timestamp=0") ==
        News(App("a", h1 + R"(,"sh002":[])")));
  CHECK(GetBody("/discovery/polls?env=dev&hostname=p&appid=a"
                "&latest_timestamp=0&zone=sh001") == News(App("a", h1)));
}

TEST_CASE_METHOD(PollFixture, "poll answers for its first application",
                 "[polls]") {
  Register("a", "h1");
  Register("b", "h1");
  const std::string found =
      R"({"code":0,"message":"0","ttl":1,"data":{"instances":{"sh001":[)" +
      Instance("a", "h1") + R"(]},"latest_timestamp":T}})";
  const std::string poll = "/discovery/poll?env=dev&hostname=p&appid=a";
  CHECK(GetBody(poll + "&latest_timestamp=0") == found);
  CHECK(GetBody(poll) == found);
  CHECK(GetBody(poll + "&appid=b") == found);
  CHECK(GetBody(poll + "&appid=b&latest_timestamp=" + Revision("a") +
                "&latest_timestamp=0") ==
        R"({"code":0,"message":"0","ttl":1,"data":null})");
}

TEST_CASE_METHOD(PollFixture, "poll says at once that there is no application",
                 "[polls]") {
  Register("a", "h1");
  CHECK(GetBody("/discovery/poll?env=dev&hostname=p&appid=nope"
                "&latest_timestamp=0") ==
        R"({"code":-404,"message":"nope not found"})");
  CHECK(GetBody("/discovery/poll?env=dev&hostname=p&appid=nope&appid=a") ==
        R"({"code":-404,"message":"nope not found"})");
  CHECK(GetBody("/discovery/poll?env=dev&hostname=p&appid=a&zone=zz") ==
        R"({"code":-404,"message":"a not found"})");
  const std::string known = Revision("a");
  Cancel("a", "h1");
  CHECK(GetBody("/discovery/poll?env=dev&hostname=p&appid=a"
                "&latest_timestamp=" +
                known) == R"({"code":-404,"message":"a not found"})");
  CHECK(GetBody("/discovery/poll?env=dev&appid=a") ==
        R"({"code":-400,"message":"Key: 'ArgPolls.Hostname' Error:Field )"
        R"(validation for 'Hostname' failed on the 'required' tag","ttl":1})");
}

TEST_CASE_METHOD(PollFixture, "A poll without news ends after 30 s",
                 "[polls]") {
  Register("a", "h1");
  const RequestId polls = HoldFor("a");
  const RequestId poll =
      Hold("/discovery/poll?env=dev&hostname=p&appid=a&latest_timestamp=" +
           Revision("a"));
  const RequestId future = Hold(
      "/discovery/polls?env=dev&hostname=p&appid=a"
      "&latest_timestamp=9000000000000000000");
  const RequestId unknown =
      Hold("/discovery/polls?env=dev&hostname=p&appid=nope&latest_timestamp=0");
  const RequestId other_zone = Hold(
      "/discovery/polls?env=dev&hostname=p&appid=a&latest_timestamp=0"
      "&zone=sh002");
  CHECK(directory.held() == 5);
  loop.Advance(seconds(30) - milliseconds(1));
  CHECK(replies.empty());
  loop.Advance(milliseconds(1));
  for (const RequestId id : {polls, poll, future, unknown, other_zone}) {
    CHECK(Answer(id) == kNotModified);
    CHECK(replies[id].code == -304);
  }
  CHECK(directory.held() == 0);
}

TEST_CASE_METHOD(PollFixture, "A client can shorten its poll, never lengthen",
                 "[polls]") {
  CHECK(HoldTime("500") == milliseconds(480));
  CHECK(HoldTime("3000") == milliseconds(2980));
  CHECK(HoldTime("21") == milliseconds(1));
  CHECK(HoldTime("20") == milliseconds(20));
  CHECK(HoldTime("1") == milliseconds(1));
  CHECK(HoldTime("30019") == milliseconds(29999));
  for (const char* timeout : {"30020", "40000", "9223372036854775807",
                              "99999999999999999999", "0", "-5", "abc", ""}) {
    CAPTURE(timeout);
    CHECK(HoldTime(timeout) == seconds(30));
  }
}

TEST_CASE_METHOD(PollFixture, "A registration wakes its application's pollers",
                 "[polls]") {
  Register("a", "h1");
  Register("b", "h1");
  const RequestId of_a = HoldFor("a");
  const RequestId of_b = HoldFor("b");
  const RequestId of_both = Hold(
      "/discovery/polls?env=dev&hostname=p&appid=a&appid=b"
      "&latest_timestamp=" +
      Revision("a") + "&latest_timestamp=" + Revision("b"));
  const RequestId single =
      Hold("/discovery/poll?env=dev&hostname=p&appid=b&latest_timestamp=" +
           Revision("b"));
  Register("b", "h2");
  const std::string changed =
      R"("sh001":[)" + Instance("b", "h1") + "," + Instance("b", "h2") + "]";
  CHECK(Answer(of_a) == "none");
  CHECK(Answer(of_b) == News(App("b", changed)));
  CHECK(Answer(of_both) == News(App("b", changed)));
  CHECK(Answer(single) ==
        R"({"code":0,"message":"0","ttl":1,"data":{"instances":{)" + changed +
            R"(},"latest_timestamp":T}})");
  CHECK(directory.held() == 1);
}

TEST_CASE_METHOD(PollFixture, "Answers to one change share their body",
                 "[polls]") {
  Register("a", "h1");
  const RequestId first = HoldFor("a");
  const RequestId second = HoldFor("a");
  Register("a", "h2");
  CHECK(replies.at(first).body == replies.at(second).body);
}

TEST_CASE_METHOD(PollFixture, "Registering the same again wakes pollers",
                 "[polls]") {
  Register("a", "h1");
  const RequestId id = HoldFor("a");
  Register("a", "h1");
  CHECK(Answer(id) ==
        News(App("a", R"("sh001":[)" + Instance("a", "h1") + "]")));
}

TEST_CASE_METHOD(PollFixture, "poll of a second application gets null for it",
                 "[polls]") {
  Register("a", "h1");
  Register("b", "h1");
  const RequestId id = Hold(
      "/discovery/poll?env=dev&hostname=p&appid=a&appid=b"
      "&latest_timestamp=" +
      Revision("a") + "&latest_timestamp=" + Revision("b"));
  Register("b", "h2");
  CHECK(Answer(id) == R"({"code":0,"message":"0","ttl":1,"data":null})");
}

TEST_CASE_METHOD(PollFixture, "Who waits for a new application is told of it",
                 "[polls]") {
  const RequestId id =
      Hold("/discovery/polls?env=dev&hostname=p&appid=a&latest_timestamp=0");
  Register("a", "h1");
  // What was missing when the poll began, as the real server has it.
  CHECK(Answer(id) ==
        News(App("a", R"("sh001":[)" + Instance("a", "h1") + "]"), R"(["a"])"));
}

TEST_CASE_METHOD(PollFixture, "Who waits for a zone isn't told of others",
                 "[polls]") {
  Register("a", "h1");
  const RequestId id = Hold(
      "/discovery/polls?env=dev&hostname=p&appid=a&latest_timestamp=0"
      "&zone=sh002");
  Register("a", "h2");
  CHECK(Answer(id) == "none");
  Register("a", "h3", "&zone=sh002&status=2");
  CHECK(Answer(id) == News(App("a", R"("sh002":[])"), R"(["a"])"));
}

TEST_CASE_METHOD(PollFixture, "Cancel wakes pollers, of the last one too",
                 "[polls]") {
  Register("a", "h1");
  Register("a", "h2");
  RequestId id = HoldFor("a");
  Cancel("a", "h2");
  CHECK(Answer(id) ==
        News(App("a", R"("sh001":[)" + Instance("a", "h1") + "]")));
  id = HoldFor("a");
  const RequestId single =
      Hold("/discovery/poll?env=dev&hostname=p&appid=a&latest_timestamp=" +
           Revision("a"));
  Cancel("a", "h1");
  CHECK(Answer(id) == News(App("a", "")));
  CHECK(Answer(single) ==
        R"({"code":0,"message":"0","ttl":1,"data":{"instances":{},)"
        R"("latest_timestamp":T}})");
}

TEST_CASE_METHOD(PollFixture, "A poller that was away is told of the end",
                 "[polls]") {
  Register("a", "h1");
  const std::string known = Revision("a");
  Cancel("a", "h1");
  const std::string poll =
      "/discovery/polls?env=dev&hostname=p&appid=a&latest_timestamp=";
  CHECK(GetBody(poll + known) == News(App("a", "")));
  Hold(poll + Revision("a"));
  Hold(poll + "0");
  Register("a", "h1");
  CHECK(directory.held() == 0);
}

TEST_CASE_METHOD(PollFixture, "set wakes pollers and raises the revision",
                 "[polls]") {
  Register("a", "h1");
  Register("a", "h2");
  const std::string known = Revision("a");
  const RequestId id = HoldFor("a");
  CHECK(PostBody("/discovery/set", Key("a", "h1") + "&status=2") == kOk);
  const std::string news =
      News(App("a", R"("sh001":[)" + Instance("a", "h2") + "]"));
  CHECK(Answer(id) == news);
  // A poller that was away learns of it as well.
  CHECK(GetBody("/discovery/polls?env=dev&hostname=p&appid=a"
                "&latest_timestamp=" +
                known) == news);
}

TEST_CASE_METHOD(PollFixture, "A set that fails halfway tells of the half",
                 "[polls]") {
  Register("a", "h1");
  const RequestId id = HoldFor("a");
  CHECK(PostBody("/discovery/set",
                 Key("a", "h1") + "&hostname=ghost&status=2&status=2") ==
        kBadRequest);
  CHECK(Answer(id) == News(App("a", R"("sh001":[])")));
}

TEST_CASE_METHOD(PollFixture, "renew wakes nobody", "[polls]") {
  Register("a", "h1");
  const RequestId id = HoldFor("a");
  PostBody("/discovery/renew", Key("a", "h1"));
  CHECK(Answer(id) == "none");
}

TEST_CASE_METHOD(PollFixture, "A replica that is ignored wakes nobody",
                 "[polls]") {
  Register("a", "h1");
  const RequestId id = HoldFor("a");
  Register("a", "h1",
           "&zone=sh001&status=1&replication=true&dirty_timestamp=5");
  CHECK(Answer(id) == "none");
}

TEST_CASE_METHOD(PollFixture, "Polls of one hostname don't share answers",
                 "[polls]") {
  Register("a", "h1");
  Register("b", "h1");
  const RequestId one = HoldFor("a");
  const RequestId two = Hold(
      "/discovery/polls?env=dev&hostname=p&appid=a&appid=b"
      "&latest_timestamp=" +
      Revision("a") + "&latest_timestamp=" + Revision("b"));
  const RequestId gone = HoldFor("b");
  directory.Drop(gone);
  Register("b", "h2");
  CHECK(Answer(one) == "none");
  CHECK(Answer(two) != "none");
  CHECK(Answer(gone) == "none");
}

TEST_CASE_METHOD(PollFixture, "A held poll remembers its callback", "[polls]") {
  Register("a", "h1");
  const std::string poll =
      "/discovery/polls?env=dev&hostname=p&appid=a&callback=cb"
      "&latest_timestamp=" +
      Revision("a");
  const RequestId woken = Hold(poll);
  Cancel("a", "h1");
  CHECK(Answer(woken) == "cb(" + News(App("a", "")) + ")");
  const RequestId expired = Hold(
      "/discovery/polls?env=dev&hostname=p&appid=a&callback=cb"
      "&latest_timestamp=0");
  loop.Advance(seconds(30));
  CHECK(Answer(expired) == "cb(" + std::string(kNotModified) + ")");
}

}  // namespace
}  // namespace naming::node
