// SPDX-License-Identifier: Apache-2.0

#include "node/replicator.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "node/handlers.h"
#include "tests/support/catch.h"
#include "tests/support/fake_http_client.h"
#include "tests/unit/node/fixture.h"

namespace naming::node {
namespace {

using Strings = std::vector<std::string>;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeHttpClient;

constexpr const char* kB = "10.0.0.2:7171";
constexpr const char* kC = "10.0.0.3:7171";
constexpr const char* kAbroad = "10.0.1.1:7171";
constexpr const char* kNothing = R"({"code":0,"data":{}})";

// Node 127.0.0.1:7171 of zone sh001, with two peers there, and two in sh002.
class ReplicatorFixture : public NodeFixture {
 protected:
  void Start(ReplicationFaults faults = {}) {
    ReplicatorOptions options;
    options.nodes = {"127.0.0.1:7171", kB, kC};
    options.zones = zones;
    options.faults = faults;
    options.log_sink = [this](const LogRecord& record) {
      log.push_back(record);
    };
    replicator.emplace(loop, http, directory, std::move(options));
    directory.SetEvents(
        {[this](const AppKey& app) { replicator->OnChange(app); },
         [this] { replicator->OnSelfRenewed(); }});
    cluster.emplace(directory, &*replicator,
                    [this](RequestId id, const Response& response) {
                      REQUIRE(replies.emplace(id, response).second);
                    });
    replicator->Start();
    AnswerAll();
  }

  // Answers whatever is asked, and what that brings about.
  void AnswerAll() {
    while (!http.pending().empty()) {
      http.Answer(http.pending().front(), kNothing);
      loop.RunReady();
    }
  }

  // Hands in a write; nullopt: it is held, as `last_id`.
  std::optional<Response> Write(const std::string& path,
                                const std::string& form,
                                const std::string& timeout = "") {
    Request request;
    request.method = "POST";
    request.target = "/discovery/" + path;
    request.content_type = "application/x-www-form-urlencoded";
    request.timeout = timeout;
    request.body = form;
    return cluster->Handle(++last_id, request);
  }

  void WriteAndAnswer(const std::string& path, const std::string& form) {
    Write(path, form);
    AnswerAll();
  }

  bool IsAnswered() const { return replies.count(last_id) != 0; }

  // Returns who is asked for `path`, in order.
  std::vector<std::string> Asked(const std::string& path) const {
    std::vector<std::string> nodes;
    for (const auto& pending : http.pending()) {
      if (pending.path == "/discovery/" + path) nodes.push_back(pending.node);
    }
    std::sort(nodes.begin(), nodes.end());
    return nodes;
  }

  FakeHttpClient::Pending To(const std::string& node) const {
    for (const auto& pending : http.pending()) {
      if (pending.node == "http://" + node) return pending;
    }
    FAIL("nothing is asked of " << node);
    return {};
  }

  void Lose(const std::string& node) {
    WriteAndAnswerBut(node);
    http.Fail(To(node), absl::DeadlineExceededError("hangs"));
    loop.RunReady();
  }

  // Registers lost.app, of which `node` isn't told.
  void WriteAndAnswerBut(const std::string& node) {
    Write("register", kLost);
    for (std::size_t i = 0; i < http.pending().size();) {
      if (http.pending()[i].node == "http://" + node) {
        ++i;
      } else {
        http.Answer(http.pending()[i], kNothing);
      }
    }
  }

  const StoredInstance* Get(const std::string& app_id) const {
    return directory.store().Get({{"dev", app_id}, "sh001", "h1"});
  }

  static constexpr const char* kLost =
      "zone=sh001&env=dev&appid=lost.app&hostname=h1&status=1&addrs=a";
  static constexpr const char* kRegister =
      "zone=sh001&env=dev&appid=main.account&hostname=h1&status=1&addrs=a"
      "&addrs=b&dirty_timestamp=100";
  static constexpr const char* kKey =
      "zone=sh001&env=dev&appid=main.account&hostname=h1";

  std::map<std::string, std::vector<std::string>> zones = {
      {"sh002", {kAbroad, "10.0.1.2:7171"}}};
  FakeHttpClient http;
  std::optional<Replicator> replicator;
  std::optional<Handlers> cluster;
};

std::string With(const std::string& form, const std::string& more) {
  return form + more;
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A write goes to all of the zone and one of each other",
                 "[replicator]") {
  Start();
  const std::string path = GENERATE("register", "renew", "cancel", "set");
  WriteAndAnswer("register", kRegister);
  const std::string more = path == "register" ? "&status=1&addrs=a&addrs=b"
                           : path == "set"    ? "&status=2"
                                              : "";
  CHECK_FALSE(Write(path, With(kKey, more)));
  const std::vector<std::string> asked = Asked(path);
  REQUIRE(asked.size() == 3);
  CHECK(asked[0] == std::string("http://") + kB);
  CHECK(asked[1] == std::string("http://") + kC);
  CHECK(asked[2].find("http://10.0.1.") == 0);
  CHECK(To(kB).Values("replication") == std::vector<std::string>{"true"});
  const auto abroad = http.pending().back();
  CHECK(abroad.Values("replication") == std::vector<std::string>{"false"});
  CHECK(abroad.Values("from_zone") == std::vector<std::string>{"true"});
  CHECK(abroad.Values("hostname") == std::vector<std::string>{"h1"});

  for (int left = 3; left > 0; --left) {
    CHECK_FALSE(IsAnswered());
    http.Answer(http.pending().front(), kNothing);
  }
  REQUIRE(IsAnswered());
  CHECK(Body(replies[last_id]).substr(0, 9) == "{\"code\":0");
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "What other nodes pass on isn't passed on twice",
                 "[replicator]") {
  Start();
  CHECK(Write("register", With(kRegister, "&replication=true&from_zone=true")));
  CHECK(http.pending().empty());
  CHECK_FALSE(Write("register", With(kRegister, "&from_zone=true")));
  CHECK(Asked("register").size() == 2);
  CHECK(http.CountWaiting("/discovery/register") == 2);
  CHECK(To(kB).Values("replication") == std::vector<std::string>{"true"});
}

TEST_CASE_METHOD(ReplicatorFixture, "A registration is passed on as it is held",
                 "[replicator]") {
  ReplicationFaults faults;
  faults.joined_addrs = GENERATE(false, true);
  Start(faults);
  Write("register", With(kRegister, "&version=v1&metadata=%7B%22a%22%3A1%7D"));
  const auto passed = To(kB);
  CHECK(passed.Values("addrs") ==
        (faults.joined_addrs ? Strings{"a,b"} : Strings{"a", "b"}));
  CHECK(passed.Values("dirty_timestamp") == Strings{"100"});
  CHECK(passed.Values("version") == Strings{"v1"});
  CHECK(passed.Values("metadata") == Strings{R"({"a":""})"});
}

TEST_CASE_METHOD(ReplicatorFixture, "A set has the same time on every node",
                 "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  Write("set", With(kKey, "&status=2"));
  CHECK(To(kB).Values("set_timestamp") ==
        std::vector<std::string>{
            std::to_string(Get("main.account")->dirty_timestamp)});
}

TEST_CASE_METHOD(ReplicatorFixture, "A cancel of what isn't here is passed on",
                 "[replicator]") {
  Start();
  CHECK_FALSE(Write("cancel", kKey));
  AnswerAll();
  CHECK(Body(replies[last_id]) == R"({"code":-404,"message":"-404","ttl":1})");
}

TEST_CASE_METHOD(ReplicatorFixture, "A held write is answered as JSONP too",
                 "[replicator]") {
  Start();
  Write("register", With(kRegister, "&callback=f"));
  AnswerAll();
  CHECK(Body(replies[last_id]) == R"(f({"code":0,"message":"0","ttl":1}))");
}

TEST_CASE_METHOD(ReplicatorFixture, "A write waits for a peer, but not long",
                 "[replicator]") {
  struct Case {
    bool hangs;
    const char* timeout;
    milliseconds wait;
  };
  const auto c = GENERATE(Case{false, "", milliseconds(1000)},
                          Case{false, "40000", milliseconds(1000)},
                          Case{false, "300", milliseconds(280)},
                          Case{true, "2000", milliseconds(1980)},
                          Case{true, "", milliseconds(40000)});
  CAPTURE(c.hangs, c.timeout);
  ReplicationFaults faults;
  faults.hanging_writes = c.hangs;
  Start(faults);
  Write("register", kRegister, c.timeout);
  // A client in a hurry doesn't cut the peers' time short.
  CHECK(To(kB).request.timeout >= std::min(c.wait, milliseconds(1000)));
  CHECK(To(kB).request.timeout >= milliseconds(1000));
  loop.Advance(c.wait - milliseconds(1));
  CHECK_FALSE(IsAnswered());
  loop.Advance(milliseconds(1));
  CHECK(IsAnswered());
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A write that one node of a zone doesn't take goes to another",
                 "[replicator]") {
  zones = {{"sh002", {kAbroad, "10.0.1.2:7171", "10.0.1.3:7171"}}};
  Start();
  const std::string path = GENERATE("register", "renew", "cancel", "set");
  CAPTURE(path);
  WriteAndAnswer("register", kRegister);
  Write(path, path == "register" ? kRegister
              : path == "set"    ? With(kKey, "&status=2")
                                 : kKey);
  // The answers of the own zone; then one is left, of the other.
  http.Answer(To(kB), kNothing);
  http.Answer(To(kC), kNothing);
  REQUIRE(http.pending().size() == 1);
  const auto first = http.pending().front();

  SECTION("while its client waits") {
    http.Fail(first, absl::UnavailableError("refused"));
    REQUIRE(Asked(path).size() == 1);
    const auto second = http.pending().front();
    CHECK(second.node != first.node);
    CHECK(second.parameters == first.parameters);
    CHECK_FALSE(IsAnswered());

    SECTION("which takes it") {
      http.Answer(second, kNothing);
      CHECK(IsAnswered());
      CHECK(http.pending().empty());
    }
    SECTION("until there is none") {
      http.Fail(second, absl::UnavailableError("refused"));
      REQUIRE(Asked(path).size() == 1);
      const auto third = http.pending().front();
      CHECK(third.node != second.node);
      CHECK(third.node != first.node);
      http.Fail(third, absl::UnavailableError("refused"));
      CHECK(IsAnswered());
      CHECK(Asked(path).empty());
    }
  }
  SECTION("though its client has been answered") {
    loop.Advance(seconds(1));
    CHECK(IsAnswered());
    http.Fail(first, absl::DeadlineExceededError("hangs"));
    CHECK(Asked(path).size() == 1);
    CHECK(http.pending().front().node != first.node);
  }
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A node that starts asks all others what there is",
                 "[replicator]") {
  ReplicatorOptions options;
  options.nodes = {kB, kC};
  options.zones = zones;
  replicator.emplace(loop, http, directory, std::move(options));
  replicator->Start();
  CHECK(Asked("fetch/all").size() == 4);
}

TEST_CASE_METHOD(ReplicatorFixture, "A large write has more time",
                 "[replicator]") {
  Start();
  Write("register", With(kRegister, "&version=") + std::string(3 << 20, 'v'));
  CHECK(To(kB).request.timeout == seconds(4));
  loop.Advance(seconds(1));
  CHECK(IsAnswered());  // But its client doesn't wait for it.
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture, "A peer that refuses a write isn't lost",
                 "[replicator]") {
  Start();
  const int status = GENERATE(400, 404, 413, 499);
  Write("register", kRegister);
  const std::string abroad = http.pending().back().node;

  SECTION("in its zone") {
    http.Answer(To(kB), "Request Entity Too Large", status);
    AnswerAll();
    CHECK(IsAnswered());
    CHECK(replicator->Nodes()[1].status == 0);
    CHECK(Asked("fetch/all").empty());
    REQUIRE(log.size() == 1);
    CHECK(log[0].level == LogLevel::kWarning);
    CHECK(log[0].message ==
          "node: peer 10.0.0.2:7171: refuses /discovery/register main.account "
          "h1: HTTP status " +
              std::to_string(status));
    Write("renew", kKey);
    CHECK(Asked("renew").size() == 3);
  }
  SECTION("in another, where nobody else is asked") {
    http.Answer(http.pending().back(), "", status);
    CHECK(http.pending().size() == 2);
    CHECK(log.size() == 1);
  }
  SECTION("and gets the rest of what it missed") {
    AnswerAll();
    for (int i = 0; i < 20; ++i) {
      WriteAndAnswer("register",
                     "zone=sh001&env=dev&hostname=h1&status=1"
                     "&addrs=a&appid=app" +
                         std::to_string(i));
    }
    Lose(kB);
    AnswerAll();
    loop.Advance(milliseconds(500));
    http.Answer(To(kB), kNothing);
    std::size_t count = 0;
    while (!http.pending().empty()) {
      CHECK(To(kB).path == "/discovery/register");
      http.Answer(To(kB), "", status);
      ++count;
    }
    CHECK(count == 23);  // With the node itself, main.account and lost.app.
    loop.Advance(seconds(20));
    CHECK(http.pending().empty());
    CHECK(replicator->Nodes()[1].status == 0);
  }
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A peer whose server fails, or that refuses to tell, is lost",
                 "[replicator]") {
  Start();
  SECTION("its server fails") {
    Write("register", kRegister);
    http.Answer(To(kB), "", 503);
  }
  SECTION("it refuses to tell") {
    Lose(kB);
    AnswerAll();
    loop.Advance(milliseconds(500));
    http.Answer(To(kB), "", 404);
  }
  CHECK(replicator->Nodes()[1].status == 1);
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture, "A lost peer is shown and left alone",
                 "[replicator]") {
  Start();
  Lose(kB);
  CHECK(IsAnswered());
  const std::vector<NodeEntry> nodes = replicator->Nodes();
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[0].addr == "127.0.0.1:7171");
  CHECK(nodes[1].addr == kB);
  CHECK(nodes[1].status == 1);
  CHECK(nodes[2].status == 0);

  Write("register", kRegister);
  CHECK(Asked("register").size() == 2);
  CHECK(To(kC).path == "/discovery/register");
  AnswerAll();

  SECTION("but asked now and then, ever more rarely") {
    loop.Advance(milliseconds(500));
    REQUIRE(Asked("fetch/all").size() == 1);
    loop.Advance(seconds(10));
    CHECK(Asked("fetch/all").size() == 1);  // One at a time.
    const std::size_t before = http.sent();
    for (int second = 0; second < 60; ++second) {
      while (!http.pending().empty()) {
        if (http.pending().front().node == std::string("http://") + kB) {
          http.Fail(http.pending().front(), absl::UnavailableError("down"));
        } else {
          http.Answer(http.pending().front(), kNothing);
        }
      }
      loop.Advance(seconds(1));
    }
    CHECK(http.sent() - before > 10);
    CHECK(http.sent() - before < 40);
  }
  SECTION("until it answers, and gets what it missed") {
    loop.Advance(milliseconds(500));
    http.Answer(To(kB), kNothing);
    CHECK(replicator->Nodes()[1].status == 0);
    std::vector<std::string> apps;
    while (!http.pending().empty()) {
      CHECK(To(kB).path == "/discovery/register");
      apps.push_back(To(kB).Values("appid")[0]);
      http.Answer(To(kB), kNothing);
      loop.RunReady();
    }
    std::sort(apps.begin(), apps.end());
    CHECK(apps == std::vector<std::string>{"infra.discovery", "lost.app",
                                           "main.account"});
  }
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A peer that comes back learns what was cancelled",
                 "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  const std::string held = EncodeAll(directory.store());
  Lose(kB);
  WriteAndAnswer("cancel", kKey);
  loop.Advance(milliseconds(500));
  http.Answer(To(kB), "{\"code\":0,\"data\":" + held + "}");
  CHECK(Get("main.account") == nullptr);
  const auto cancel = http.Waiting("/discovery/cancel");
  CHECK(cancel.node == std::string("http://") + kB);
  CHECK(cancel.Values("appid") == std::vector<std::string>{"main.account"});
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A peer of another zone learns what that zone missed",
                 "[replicator]") {
  ReplicationFaults faults;
  faults.home_zone_only = GENERATE(false, true);
  CAPTURE(faults.home_zone_only);
  // One node is all of the zone that the instances are at home in.
  zones = {{"sh002", {kAbroad}}};
  Start(faults);
  const std::string gone = "zone=sh002&env=dev&appid=gone.app&hostname=h1";
  const std::string more = "&status=1&addrs=a&dirty_timestamp=100";
  WriteAndAnswer("register", gone + more);
  const std::string held = EncodeAll(directory.store());
  Lose(kAbroad);
  WriteAndAnswer("cancel", gone);

  SECTION("a cancellation, but for the quirk") {
    loop.Advance(milliseconds(500));
    http.Answer(To(kAbroad), "{\"code\":0,\"data\":" + held + "}");
    REQUIRE(http.CountWaiting("/discovery/cancel") ==
            (faults.home_zone_only ? 0 : 1));
    if (faults.home_zone_only) return;
    const auto cancel = http.Waiting("/discovery/cancel");
    CHECK(cancel.node == std::string("http://") + kAbroad);
    CHECK(cancel.Values("appid") == std::vector<std::string>{"gone.app"});
    // That node tells the others there.
    CHECK(cancel.Values("replication") == std::vector<std::string>{"false"});
    CHECK(cancel.Values("from_zone") == std::vector<std::string>{"true"});
  }
  SECTION("unless it is out of date when its turn comes") {
    Store theirs(loop.clock());
    std::vector<std::string> keys;
    for (int i = 0; i < 20; ++i) {
      const std::string app = "app" + std::to_string(i);
      keys.push_back("zone=sh001&env=dev&hostname=h1&appid=" + app);
      WriteAndAnswer("register", keys.back() + more);
      theirs.Adopt(*Get(app));
      WriteAndAnswer("cancel", keys.back());
    }
    loop.Advance(milliseconds(500));
    http.Answer(To(kAbroad), "{\"code\":0,\"data\":" + EncodeAll(theirs) + "}");
    const std::size_t at_once = http.CountWaiting("/discovery/cancel");
    CHECK(at_once > 0);
    CHECK(at_once < keys.size());
    for (const std::string& key : keys) {
      Write("register", key + "&status=1&addrs=a&replication=true");
    }
    std::size_t cancels = 0;
    while (!http.pending().empty()) {
      cancels += http.pending().front().path == "/discovery/cancel" ? 1 : 0;
      http.Answer(http.pending().front(), kNothing);
      loop.RunReady();
    }
    CHECK(cancels == at_once);
  }
  SECTION("a registration") {
    WriteAndAnswer("register",
                   "zone=sh002&env=dev&appid=new.app&hostname=h1" + more);
    loop.Advance(milliseconds(500));
    http.Answer(To(kAbroad), kNothing);
    std::vector<std::string> apps;
    for (const auto& pending : http.pending()) {
      CHECK(pending.path == "/discovery/register");
      apps.push_back(pending.Values("appid")[0]);
    }
    CHECK(std::count(apps.begin(), apps.end(), "new.app") == 1);
  }
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A peer isn't told again of what has run out there",
                 "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  loop.Advance(seconds(91));
  AnswerAll();
  Lose(kB);
  AnswerAll();
  loop.Advance(milliseconds(500));
  http.Answer(To(kB), kNothing);
  std::vector<std::string> apps;
  while (!http.pending().empty()) {
    apps.push_back(To(kB).Values("appid")[0]);
    http.Answer(To(kB), kNothing);
    loop.RunReady();
  }
  std::sort(apps.begin(), apps.end());
  CHECK(apps == std::vector<std::string>{"infra.discovery", "lost.app"});
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A peer that comes back tells what is newer", "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  StoredInstance newer = *Get("main.account");
  newer.dirty_timestamp += 1;
  newer.version = "newer";
  Store theirs(loop.clock());
  theirs.Adopt(newer);
  Lose(kB);
  loop.Advance(milliseconds(500));
  http.Answer(To(kB), "{\"code\":0,\"data\":" + EncodeAll(theirs) + "}");
  CHECK(Get("main.account")->version == "newer");
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "What peers hold of an earlier run of this node is replaced",
                 "[replicator]") {
  Start();
  StoredInstance earlier = *directory.store().Get(directory.self_key());
  earlier.dirty_timestamp += 1000;
  earlier.addrs = {"http://127.0.0.1:1"};
  Store theirs(loop.clock());
  theirs.Adopt(earlier);
  Lose(kB);
  loop.Advance(milliseconds(500));
  http.Answer(To(kB), "{\"code\":0,\"data\":" + EncodeAll(theirs) + "}");
  const StoredInstance* const self =
      directory.store().Get(directory.self_key());
  CHECK(self->addrs == std::vector<std::string>{"http://127.0.0.1:7171"});
  CHECK(self->dirty_timestamp > earlier.dirty_timestamp);
}

TEST_CASE_METHOD(ReplicatorFixture, "A renewal mends a peer that doesn't know",
                 "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  Write("renew", kKey);
  CHECK(To(kB).Values("dirty_timestamp") == std::vector<std::string>{"100"});
  http.Answer(To(kB), R"({"code":-404,"data":null})");
  const auto repair = To(kB);
  CHECK(repair.path == "/discovery/register");
  CHECK(repair.Values("dirty_timestamp") == std::vector<std::string>{"100"});
  CHECK(repair.Values("replication") == std::vector<std::string>{"true"});
  AnswerAll();
  CHECK(IsAnswered());
}

TEST_CASE_METHOD(ReplicatorFixture, "A renewal takes what a peer has newer",
                 "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  StoredInstance newer = *Get("main.account");
  newer.dirty_timestamp = 101;
  newer.version = "newer";
  Write("renew", kKey);
  http.Answer(To(kB),
              "{\"code\":-409,\"data\":" + EncodeInstance(newer, false) + "}");
  CHECK(Get("main.account")->version == "newer");
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A renewal that is passed on must be of the same registration",
                 "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  const std::string flag =
      GENERATE("&replication=true", "&replication=false&from_zone=true");
  const auto code = [&](const std::string& dirty) {
    const auto response =
        Write("renew", With(kKey, flag + "&dirty_timestamp=" + dirty));
    AnswerAll();
    return response ? response->code : replies[last_id].code;
  };
  CHECK(code("100") == 0);
  CHECK(code("101") == -404);
  CHECK(code("99") == -409);
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "Another zone's heartbeats leave the zone, but for the quirk",
                 "[replicator]") {
  ReplicationFaults faults;
  faults.home_zone_only = GENERATE(false, true);
  Start(faults);
  const std::string key = "zone=sh002&env=dev&appid=main.account&hostname=h1";
  Write("register", With(key, "&status=1&addrs=a"));
  CHECK(Asked("register").size() == 3);
  AnswerAll();
  const std::size_t expected = faults.home_zone_only ? 2 : 3;
  Write("renew", key);
  CHECK(Asked("renew").size() == expected);
  AnswerAll();
  Write("cancel", key);
  CHECK(Asked("cancel").size() == expected);
  AnswerAll();
}

TEST_CASE_METHOD(ReplicatorFixture, "A replica doesn't bring back what ended",
                 "[replicator]") {
  Start();
  WriteAndAnswer("register", kRegister);
  WriteAndAnswer("cancel", kKey);

  SECTION("as it was") {
    Write("register", With(kRegister, "&replication=true"));
    CHECK(Get("main.account") == nullptr);
  }
  SECTION("but what is newer") {
    Write("register",
          "zone=sh001&env=dev&appid=main.account&hostname=h1&status=1&addrs=a"
          "&dirty_timestamp=101&replication=true");
    CHECK(Get("main.account") != nullptr);
  }
  SECTION("but what somebody renews") {
    Write("renew", With(kKey, "&dirty_timestamp=100&replication=true"));
    Write("register", With(kRegister, "&replication=true"));
    CHECK(Get("main.account") != nullptr);
  }
  SECTION("but what its registrant registers, which wins everywhere") {
    WriteAndAnswer("register", kRegister);
    REQUIRE(Get("main.account") != nullptr);
    CHECK(Get("main.account")->dirty_timestamp == 101);
  }
  SECTION("for a while") {
    loop.Advance(std::chrono::minutes(12));
    Write("register", With(kRegister, "&replication=true"));
    CHECK(Get("main.account") != nullptr);
  }
}

TEST_CASE_METHOD(ReplicatorFixture, "A node renews itself with its peers",
                 "[replicator]") {
  Start();
  loop.Advance(seconds(30));
  CHECK(Asked("renew").size() == 3);
  CHECK(To(kB).Values("appid") == std::vector<std::string>{"infra.discovery"});
}

TEST_CASE_METHOD(ReplicatorFixture, "A node that leaves tells its peers",
                 "[replicator]") {
  Start();
  bool has_left = false;
  directory.Cancel(directory.self_key(), 0);
  CHECK(replicator->Leave([&] { has_left = true; }));
  CHECK(Asked("cancel").size() == 3);
  CHECK_FALSE(has_left);
  AnswerAll();
  CHECK(has_left);
}

TEST_CASE_METHOD(ReplicatorFixture,
                 "A node that registers is told from then on", "[replicator]") {
  Start();
  const std::string entry =
      "zone=sh001&env=dev&appid=infra.discovery&hostname=node4&status=1"
      "&addrs=http%3A%2F%2F10.0.0.4%3A7171&replication=true";
  Write("register", entry);
  CHECK(Asked("fetch/all") == std::vector<std::string>{"http://10.0.0.4:7171"});
  AnswerAll();
  Write("register", kRegister);
  CHECK(Asked("register").size() == 4);
  AnswerAll();
  Write("cancel",
        "zone=sh001&env=dev&appid=infra.discovery&hostname=node4"
        "&replication=true");
  Write("register", kRegister);
  CHECK(Asked("register").size() == 3);
}

}  // namespace
}  // namespace naming::node
