// SPDX-License-Identifier: Apache-2.0

#include "core/nodes.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const absl::Status kConnectionRefused =
    absl::UnavailableError("Connection refused");
const absl::Status kNotReady = absl::UnavailableError("code -500");

struct NodesFixture {
  explicit NodesFixture(std::vector<std::string> seeds, std::uint64_t seed = 1)
      : nodes(clock, logger, MakeOptions(std::move(seeds), seed)) {}

  static NodesOptions MakeOptions(std::vector<std::string> seeds,
                                  std::uint64_t seed) {
    NodesOptions options;
    options.backend = "discovery";
    options.seeds = std::move(seeds);
    options.random_seed = seed;
    return options;
  }

  void Fail(const std::string& url) {
    nodes.Failed(url, clock.Now(), kConnectionRefused);
  }

  void RefuseRead(const std::string& url) {
    nodes.RefusedRead(url, clock.Now(), kNotReady);
  }

  testing::FakeClock clock;
  std::vector<std::string> log;
  std::shared_ptr<Logger> logger = std::make_shared<Logger>(
      [this](const LogRecord& record) { log.push_back(record.message); });
  Nodes nodes;
};

TEST_CASE("A node's text becomes its URL", "[nodes]") {
  CHECK(NodeUrl("10.0.0.1:7171") == "http://10.0.0.1:7171");
  CHECK(NodeUrl("http://10.0.0.1:7171") == "http://10.0.0.1:7171");
  CHECK(NodeUrl("http://10.0.0.1:7171/") == "http://10.0.0.1:7171");
  CHECK(NodeUrl("https://disc.example:443") == "https://disc.example:443");
  CHECK(NodeUrl("[::1]:7171") == "http://[::1]:7171");
  for (const char* text :
       {"", "10.0.0.1", ":7171", "h:0", "h:99999", "ftp://h:1", "h:1/x",
        "http://h:1/discovery", "h:1?x", "a b:1", "http://", "h:1,h:2"}) {
    CAPTURE(text);
    CHECK(NodeUrl(text) == std::nullopt);
  }
}

TEST_CASE("The same node is chosen while it is well", "[nodes]") {
  NodesFixture f({"http://a:1", "http://b:1", "http://c:1"});
  const auto first = f.nodes.Choose();
  REQUIRE(first);
  for (int i = 0; i < 10; ++i) CHECK(f.nodes.Choose() == first);
}

TEST_CASE("Clients spread over the nodes", "[nodes]") {
  std::map<std::string, int> clients;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    NodesFixture f({"http://a:1", "http://b:1", "http://c:1", "http://d:1"},
                   seed);
    ++clients[*f.nodes.Choose()];
  }
  REQUIRE(clients.size() == 4);
  for (const auto& [node, count] : clients) {
    CAPTURE(node);
    CHECK(count > 200);
    CHECK(count < 300);
  }
}

TEST_CASE("After a failure another node is chosen, also of two", "[nodes]") {
  NodesFixture f({"http://a:1", "http://b:1"});
  const std::string first = *f.nodes.Choose();
  f.Fail(first);
  const auto second = f.nodes.Choose();
  REQUIRE(second);
  CHECK(*second != first);
  SECTION("and stays while it is well, even when the first may be retried") {
    f.clock.Advance(minutes(1));
    CHECK(f.nodes.Choose() == second);
  }
  SECTION("and the first one counts as well again after its success") {
    f.nodes.Succeeded(first);
    CHECK(f.nodes.Choose() == first);
  }
  SECTION("and the first one counts as well again in the end") {
    f.clock.Advance(minutes(6));
    CHECK(f.nodes.Choose() == first);
  }
}

TEST_CASE("A dead node gets at most 20 attempts a minute", "[nodes]") {
  NodesFixture f({"http://a:1"});
  int attempts = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    // Many requests wait for the one node, each asking again and again.
    for (int request = 0; request < 3; ++request) {
      if (f.nodes.Choose()) {
        ++attempts;
        f.Fail("http://a:1");
      }
    }
    f.clock.Advance(milliseconds(1));
  }
  CHECK(attempts <= 20);
  CHECK(attempts >= 10);
}

TEST_CASE("Of three dead nodes one is tried every 1.6 s", "[nodes]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    NodesFixture f({"http://a:1", "http://b:1", "http://c:1"}, seed);
    std::map<std::string, std::vector<base::Clock::TimePoint>> attempts;
    base::Clock::TimePoint last = f.clock.Now();
    base::Clock::Duration longest{};
    for (int ms = 0; ms < 180'000; ++ms) {
      if (const auto node = f.nodes.Choose()) {
        const auto now = f.clock.Now();
        longest = std::max(longest, now - last);
        last = now;
        attempts[*node].push_back(now);
        f.Fail(*node);
      }
      f.clock.Advance(milliseconds(1));
    }
    CHECK(longest <= milliseconds(1600));
    REQUIRE(attempts.size() == 3);
    for (const auto& [node, times] : attempts) {
      for (std::size_t i = 20; i < times.size(); ++i) {
        CHECK(times[i] - times[i - 20] > minutes(1));
      }
    }
  }
}

TEST_CASE("While no node may be asked, NextChance tells when one may",
          "[nodes]") {
  NodesFixture f({"http://a:1", "http://b:1"});
  f.Fail("http://a:1");
  f.Fail("http://b:1");
  REQUIRE_FALSE(f.nodes.Choose());
  const auto next = f.nodes.NextChance();
  REQUIRE(next > f.clock.Now());
  f.clock.Advance(next - f.clock.Now());
  CHECK(f.nodes.Choose());
}

TEST_CASE("One attempt at a time when all nodes are down", "[nodes]") {
  NodesFixture f({"http://a:1"});
  f.Fail("http://a:1");
  f.clock.Advance(f.nodes.NextChance() - f.clock.Now());
  CHECK(f.nodes.Choose());
  CHECK_FALSE(f.nodes.Choose());
}

TEST_CASE("One outage that fails many requests counts once", "[nodes]") {
  NodesFixture f({"http://a:1"});
  const auto began = f.clock.Now();
  f.clock.Advance(seconds(10));
  for (int i = 0; i < 100; ++i)
    f.nodes.Failed("http://a:1", began, kConnectionRefused);
  // The first back-off, not the hundredth.
  CHECK(f.nodes.NextChance() - f.clock.Now() <= milliseconds(200));
}

TEST_CASE("Clients try a dead node at different times", "[nodes]") {
  std::set<milliseconds> delays;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    NodesFixture f({"http://a:1"}, seed);
    for (int i = 0; i < 6; ++i) f.Fail("http://a:1");
    const auto delay = std::chrono::duration_cast<milliseconds>(
        f.nodes.NextChance() - f.clock.Now());
    CHECK(delay >= milliseconds(4500));
    CHECK(delay <= milliseconds(6000));
    delays.insert(delay);
  }
  CHECK(delays.size() > 80);
}

TEST_CASE("A node that refuses reads gets everything else", "[nodes]") {
  NodesFixture f({"http://a:1"});
  f.RefuseRead("http://a:1");
  CHECK_FALSE(f.nodes.Choose(Purpose::kRead));
  CHECK(f.nodes.NextChance(Purpose::kRead) > f.clock.Now());
  CHECK(f.nodes.Choose() == "http://a:1");
  CHECK(f.nodes.NextChance() == f.clock.Now());
  SECTION("and no reads for that") {
    f.nodes.Succeeded("http://a:1");
    CHECK_FALSE(f.nodes.Choose(Purpose::kRead));
  }
  SECTION("and reads once it has answered one") {
    f.nodes.Succeeded("http://a:1", Purpose::kRead);
    CHECK(f.nodes.Choose(Purpose::kRead) == "http://a:1");
  }
  SECTION("and nothing once it has failed") {
    f.Fail("http://a:1");
    CHECK_FALSE(f.nodes.Choose());
    SECTION("until it answers again, were it by another refusal") {
      f.RefuseRead("http://a:1");
      CHECK(f.nodes.Choose() == "http://a:1");
      CHECK_FALSE(f.nodes.Choose(Purpose::kRead));
    }
  }
  SECTION("and nothing once it has refused that too") {
    f.nodes.RefusedAny("http://a:1", f.clock.Now(), kNotReady);
    f.RefuseRead("http://a:1");
    CHECK_FALSE(f.nodes.Choose());
    f.nodes.Succeeded("http://a:1");
    CHECK(f.nodes.Choose() == "http://a:1");
  }
  SECTION("not on the word of a read from before it failed") {
    const auto began = f.clock.Now();
    f.clock.Advance(seconds(1));
    f.Fail("http://a:1");
    f.nodes.RefusedRead("http://a:1", began, kNotReady);
    CHECK_FALSE(f.nodes.Choose());
  }
  SECTION("which is logged when it begins and when it ends") {
    f.RefuseRead("http://a:1");
    f.nodes.Succeeded("http://a:1");
    f.nodes.Succeeded("http://a:1", Purpose::kRead);
    CHECK(f.log ==
          std::vector<std::string>{
              "discovery: node http://a:1: not ready for reads: code -500",
              "discovery: node http://a:1: well again"});
  }
}

TEST_CASE("Reads go to another node than the one that refuses them",
          "[nodes]") {
  NodesFixture f({"http://a:1", "http://b:1"});
  const std::string first = *f.nodes.Choose();
  const auto epoch = f.nodes.Epoch(first);
  f.RefuseRead(first);
  CHECK(f.nodes.Choose() == first);
  CHECK(f.nodes.Choose(Purpose::kRead) != first);
  CHECK(f.nodes.Epoch(first) != epoch);  // It has restarted.
}

TEST_CASE("A node that refuses reads is asked again every few seconds",
          "[nodes]") {
  NodesFixture f({"http://a:1"});
  int attempts = 0;
  auto last = f.clock.Now();
  for (int ms = 0; ms < 60'000; ++ms) {
    for (int request = 0; request < 3; ++request) {
      if (!f.nodes.Choose(Purpose::kRead)) continue;
      ++attempts;
      CHECK(f.clock.Now() - last <= seconds(5));
      last = f.clock.Now();
      f.RefuseRead("http://a:1");
    }
    f.clock.Advance(milliseconds(1));
  }
  CHECK(attempts <= 20);
  CHECK(attempts >= 12);
}

TEST_CASE("Learned nodes are used, and replaced by the next ones", "[nodes]") {
  NodesFixture f({"http://10.0.0.1:1"});
  f.nodes.Learn({"http://10.0.0.2:1", "http://10.0.0.1:1", "http://10.0.0.2:1",
                 "http://10.0.0.3:1"});
  CHECK(f.nodes.All() == std::vector<std::string>{"http://10.0.0.1:1",
                                                  "http://10.0.0.2:1",
                                                  "http://10.0.0.3:1"});
  f.nodes.Learn({"http://10.0.0.3:1"});
  CHECK(f.nodes.All() ==
        std::vector<std::string>{"http://10.0.0.1:1", "http://10.0.0.3:1"});
  SECTION("a node that was dropped isn't chosen") {
    std::set<std::string> chosen;
    while (const auto node = f.nodes.Choose()) {
      chosen.insert(*node);
      f.Fail(*node);
    }
    CHECK(chosen ==
          std::set<std::string>{"http://10.0.0.1:1", "http://10.0.0.3:1"});
  }
  SECTION("seeds never leave") {
    f.nodes.Learn({});
    CHECK(f.nodes.All() == std::vector<std::string>{"http://10.0.0.1:1"});
    CHECK(f.nodes.Choose() == "http://10.0.0.1:1");
  }
  SECTION("a node keeps its health when it is learned again") {
    f.Fail("http://10.0.0.1:1");
    f.Fail("http://10.0.0.3:1");
    f.nodes.Learn({"http://10.0.0.3:1"});
    CHECK_FALSE(f.nodes.Choose());
  }
}

// Asks for 60 s whichever node there is, again and again, of which none
// answers; returns when each was asked.
std::map<std::string, std::vector<base::Clock::TimePoint>> AskDeadNodes(
    NodesFixture& f) {
  std::map<std::string, std::vector<base::Clock::TimePoint>> asked;
  for (int ms = 0; ms < 60'000; ++ms) {
    while (const auto node = f.nodes.Choose()) {
      asked[*node].push_back(f.clock.Now());
      f.Fail(*node);
    }
    f.clock.Advance(milliseconds(1));
  }
  return asked;
}

TEST_CASE("A dead node of two names gets at most 20 attempts a minute",
          "[nodes]") {
  const auto seed = GENERATE(range(1, 21));
  NodesFixture f({"http://localhost:1"}, static_cast<std::uint64_t>(seed));
  f.nodes.Learn({"http://127.0.0.1:1"});
  const auto begin = f.clock.Now();
  auto asked = AskDeadNodes(f);
  const auto& by_seed = asked["http://localhost:1"];
  const auto& by_learned = asked["http://127.0.0.1:1"];
  CHECK(by_learned.size() >= 10);
  CHECK(by_seed.size() + by_learned.size() <= 20);
  // It might be another machine: it is tried at once, and again.
  REQUIRE(by_seed.size() == 2);
  CHECK(by_seed[0] == begin);
  CHECK(by_seed[1] - by_seed[0] >= seconds(20));
}

TEST_CASE("Seeds that aren't among the learned nodes are a fallback",
          "[nodes]") {
  const auto seed = GENERATE(range(1, 6));
  NodesFixture f({"http://10.0.0.1:1", "http://10.0.0.2:1"},
                 static_cast<std::uint64_t>(seed));
  f.nodes.Learn({"http://10.0.0.2:1", "http://10.0.0.3:1"});
  const std::string first = *f.nodes.Choose();
  CHECK(first != "http://10.0.0.1:1");
  f.Fail(first);
  const std::string second = *f.nodes.Choose();
  CHECK(second != "http://10.0.0.1:1");
  f.Fail(second);
  CHECK(f.nodes.Choose() == "http://10.0.0.1:1");
  SECTION("that stays while it answers") {
    f.nodes.Succeeded("http://10.0.0.1:1");
    CHECK(f.nodes.monitor().state().node == "http://10.0.0.1:1");
    f.clock.Advance(minutes(1));
    CHECK(f.nodes.Choose() == "http://10.0.0.1:1");
    SECTION("and is left when one that was learned answers") {
      f.nodes.Succeeded(second);
      CHECK(f.nodes.Choose() == second);
    }
  }
  SECTION("that waits when it fails too") {
    f.Fail("http://10.0.0.1:1");
    CHECK_FALSE(f.nodes.Choose());
  }
  SECTION("and like any other when nothing is learned any more") {
    f.nodes.Learn({});
    f.Fail("http://10.0.0.1:1");
    f.clock.Advance(seconds(1));
    f.Fail("http://10.0.0.2:1");
    CHECK(f.nodes.Choose() == "http://10.0.0.1:1");
  }
}

TEST_CASE("Passing over a node of the own zone is no way to a seed elsewhere",
          "[nodes]") {
  NodesFixture f({"http://10.0.0.1:1"});
  f.nodes.Learn({"http://10.0.0.2:1", "http://10.0.0.3:1"});
  const std::string first = *f.nodes.Choose();
  const auto second = f.nodes.FirstWell(Purpose::kAny, {first});
  REQUIRE(second);
  CHECK(*second != first);
  CHECK(*second != "http://10.0.0.1:1");
  CHECK_FALSE(f.nodes.FirstWell(Purpose::kAny, {first, *second}));
  f.Fail(first);
  f.Fail(*second);
  CHECK(f.nodes.FirstWell(Purpose::kAny, {}) == "http://10.0.0.1:1");
}

TEST_CASE("A node that hasn't answered for seconds may hang", "[nodes]") {
  NodesFixture f({"http://a:1"});
  CHECK(f.nodes.IsUntried("http://a:1"));
  f.nodes.Succeeded("http://a:1");
  CHECK_FALSE(f.nodes.IsUntried("http://a:1"));
  f.clock.Advance(seconds(4));
  CHECK(f.nodes.IsUntried("http://a:1"));
  f.nodes.Succeeded("http://a:1");
  f.Fail("http://a:1");  // Its turns are few anyway.
  CHECK_FALSE(f.nodes.IsUntried("http://a:1"));
}

TEST_CASE("A node that is learned anew is in another epoch", "[nodes]") {
  NodesFixture f({"http://10.0.0.1:1"});
  f.nodes.Learn({"http://10.0.0.2:1"});
  const auto before = f.nodes.Epoch("http://10.0.0.2:1");
  f.nodes.Learn({});
  f.nodes.Learn({"http://10.0.0.2:1"});
  CHECK(f.nodes.Epoch("http://10.0.0.2:1") != before);
}

TEST_CASE("Addresses that can't be a node's are not learned", "[nodes]") {
  SECTION("unspecified ones never, loopback not for seeds elsewhere") {
    NodesFixture f({"http://10.0.0.1:1"});
    f.nodes.Learn({"http://0.0.0.0:7171", "http://[::]:7171",
                   "http://127.0.0.1:7171", "http://localhost:7171",
                   "http://[::1]:7171", "junk"});
    CHECK(f.nodes.All().size() == 1);
  }
  SECTION("loopback when a seed is on it") {
    NodesFixture f({"http://localhost:1"});
    f.nodes.Learn({"http://0.0.0.0:7171", "http://127.0.0.1:7171"});
    CHECK(f.nodes.All() == std::vector<std::string>{"http://localhost:1",
                                                    "http://127.0.0.1:7171"});
  }
}

TEST_CASE("A rotation moves to another node that is well", "[nodes]") {
  NodesFixture f({"http://a:1", "http://b:1", "http://c:1", "http://d:1"});
  SECTION("to each of them in the end, and never to the same") {
    std::map<std::string, int> moves;
    std::string before = *f.nodes.Choose();
    f.nodes.Succeeded(before);
    for (int i = 0; i < 400; ++i) {
      f.nodes.Rotate();
      const std::string now = *f.nodes.Choose();
      REQUIRE(now != before);
      f.nodes.Succeeded(now, Purpose::kRead);
      REQUIRE(f.nodes.monitor().state().node == now);
      f.nodes.Succeeded(before);  // What was under way.
      REQUIRE(f.nodes.monitor().state().node == now);
      ++moves[now];
      before = now;
    }
    REQUIRE(moves.size() == 4);
    for (const auto& [node, count] : moves) CHECK(count > 60);
    // Nothing has failed.
    CHECK(f.log.empty());
    CHECK(f.nodes.monitor().counters().failovers.value() == 0);
    CHECK(f.nodes.monitor().state().last_error.ok());
  }
  SECTION("not to one that failed, or refuses reads, or is a fallback") {
    f.nodes.Learn({"http://a:1", "http://b:1", "http://c:1"});
    const std::string first = *f.nodes.Choose();
    const std::vector<std::string> learned = {"http://a:1", "http://b:1",
                                              "http://c:1"};
    bool has_failed = false;
    for (const std::string& url : learned) {
      if (url == first) continue;
      has_failed ? f.RefuseRead(url) : f.Fail(url);
      has_failed = true;
    }
    for (int i = 0; i < 20; ++i) {
      f.nodes.Rotate();
      CHECK(f.nodes.Choose() == first);
    }
  }
  SECTION("and the one that it moved to may fail like any other") {
    f.nodes.Rotate();
    const std::string preferred = *f.nodes.Choose();
    f.Fail(preferred);
    CHECK(f.nodes.Choose() != preferred);
    f.nodes.Succeeded(preferred);
    CHECK(f.nodes.Choose() == preferred);
  }
}

TEST_CASE("A node's failures are logged when they begin and when they end",
          "[nodes]") {
  NodesFixture f({"http://a:1"});
  f.nodes.Succeeded("http://a:1");
  CHECK(f.log.empty());
  for (int i = 0; i < 3; ++i) {
    f.Fail("http://a:1");
    f.clock.Advance(seconds(10));
  }
  f.nodes.Succeeded("http://a:1");
  f.nodes.Succeeded("http://a:1");
  CHECK(f.log == std::vector<std::string>{
                     "discovery: node http://a:1: failed: Connection refused",
                     "discovery: node http://a:1: well again"});
  CHECK(f.nodes.last_error() == "http://a:1: Connection refused");
}

TEST_CASE("A client's state names the node that is asked", "[nodes]") {
  NodesFixture f({"http://a:1", "http://b:1"});
  const std::string first = *f.nodes.Choose();
  const std::string other = first == "http://a:1" ? "http://b:1" : "http://a:1";
  CHECK_FALSE(f.nodes.monitor().state().is_connected);

  // One that isn't asked may answer all the same: what was sent to it before.
  f.nodes.Succeeded(other);
  CHECK_FALSE(f.nodes.monitor().state().is_connected);
  f.nodes.Succeeded(first);
  CHECK(f.nodes.monitor().state().is_connected);
  f.nodes.Succeeded(other);
  CHECK(f.nodes.monitor().state().node == first);
  CHECK(f.nodes.monitor().counters().failovers.value() == 0);

  f.Fail(first);
  CHECK(f.nodes.monitor().state().is_connected);
  CHECK(f.nodes.monitor().state().last_error ==
        absl::UnavailableError("discovery: node " + first +
                               ": Connection refused"));
  f.nodes.Succeeded(other);
  CHECK(f.nodes.monitor().state().node == other);
  CHECK(f.nodes.monitor().counters().failovers.value() == 1);

  f.Fail(other);
  CHECK_FALSE(f.nodes.monitor().state().is_connected);
  f.nodes.Succeeded(other);
  CHECK(f.nodes.monitor().state().is_connected);
  // Back to the first one, which is well again: nothing has failed.
  f.nodes.Succeeded(first);
  CHECK(f.nodes.monitor().state().node == first);
  CHECK(f.nodes.monitor().counters().failovers.value() == 1);
}

TEST_CASE("A client's state is steady while a node refuses reads", "[nodes]") {
  NodesFixture f({"http://a:1", "http://b:1"});
  const auto state = [&f] { return f.nodes.monitor().state(); };
  const std::string first = *f.nodes.Choose();
  const std::string other = first == "http://a:1" ? "http://b:1" : "http://a:1";
  f.nodes.Succeeded(first, Purpose::kRead);
  SECTION("the other one, which has the reads, is the one that is asked") {
    f.RefuseRead(first);
    for (int i = 0; i < 3; ++i) {
      f.nodes.Succeeded(other, Purpose::kRead);
      CHECK(state().node == other);
      f.nodes.Succeeded(first);
      CHECK(state().node == other);
    }
    CHECK(f.nodes.monitor().counters().failovers.value() == 1);
  }
  SECTION(
      "with none for reads it is connected as long as writes are answered") {
    f.nodes.Succeeded(first);
    f.Fail(other);
    for (int i = 0; i < 3; ++i) {
      f.RefuseRead(first);
      CHECK(state().is_connected);
      f.nodes.Succeeded(first);
      CHECK(state().is_connected);
    }
  }
  SECTION("with none for anything it isn't") {
    f.Fail(other);
    f.RefuseRead(first);
    CHECK_FALSE(state().is_connected);
    CHECK(state().last_error ==
          absl::UnavailableError("discovery: node " + first + ": code -500"));
  }
}

}  // namespace
}  // namespace naming::core
