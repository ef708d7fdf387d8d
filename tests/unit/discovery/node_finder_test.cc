// SPDX-License-Identifier: Apache-2.0

#include "discovery/node_finder.h"

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/discovery/fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr char kPath[] = "/discovery/fetchs";

std::string NodesJson(const std::vector<std::string>& zones_and_addrs) {
  std::string instances;
  for (std::size_t i = 0; i < zones_and_addrs.size(); i += 2) {
    if (i > 0) instances += ",";
    instances += absl::StrFormat(
        R"("%s":[{"zone":"%s","env":"dev","appid":"infra.discovery",)"
        R"("hostname":"n%d","addrs":["%s"],"status":1}])",
        zones_and_addrs[i], zones_and_addrs[i], i, zones_and_addrs[i + 1]);
  }
  return DataJson(absl::StrFormat(
      R"("infra.discovery":{"instances":{%s},"latest_timestamp":1})",
      instances));
}

struct FinderFixture : Fixture {
  explicit FinderFixture(std::vector<std::string> seeds = {"http://a:1"})
      : Fixture(std::move(seeds)),
        finder(loop, requester, {"z1", "dev", minutes(1), 1}) {
    finder.Begin();
    loop.RunReady();
  }

  NodeFinder finder;
};

TEST_CASE("The nodes of the own zone are learned", "[discovery][node_finder]") {
  FinderFixture f;
  const auto sent = f.http.Waiting(kPath);
  CHECK(sent.Values("appid") == std::vector<std::string>{"infra.discovery"});
  CHECK(sent.Values("env") == std::vector<std::string>{"dev"});
  f.http.Answer(sent, NodesJson({"z1", "http://10.0.0.2:7171", "z2",
                                 "http://10.9.0.2:7171"}));
  CHECK(f.nodes.All() ==
        std::vector<std::string>{"http://a:1", "http://10.0.0.2:7171"});

  SECTION("and asked for again within the interval, not too early") {
    f.loop.Advance(seconds(29));
    CHECK(f.http.pending().empty());
    f.loop.Advance(seconds(31));
    CHECK(f.http.pending().size() == 1);
    SECTION("a node that is gone is dropped") {
      f.http.Answer(f.http.Waiting(kPath),
                    NodesJson({"z1", "http://10.0.0.3:7171"}));
      CHECK(f.nodes.All() ==
            std::vector<std::string>{"http://a:1", "http://10.0.0.3:7171"});
    }
    SECTION("an answer without any node is no news") {
      f.http.Answer(f.http.Waiting(kPath), DataJson(""));
      CHECK(f.nodes.All().size() == 2);
    }
  }
}

TEST_CASE("A failure is tried again soon", "[discovery][node_finder]") {
  FinderFixture f;
  const auto sent = f.http.Waiting(kPath);
  SECTION("no answer") { f.http.Fail(sent, absl::UnavailableError("refused")); }
  SECTION("another code") { f.http.Answer(sent, CodeJson(-400)); }
  CHECK(f.http.pending().empty());
  f.loop.Advance(seconds(3));
  CHECK(f.http.pending().size() == 1);
}

TEST_CASE("A client moves to another node every 15 to 30 minutes",
          "[discovery][node_finder]") {
  FinderFixture f({"http://a:1", "http://b:1", "http://c:1"});
  // A poll that is held stays where it is.
  Call held;
  held.node = *f.nodes.Choose();
  held.path = "/discovery/polls";
  f.requester.Send(std::move(held), [](const absl::StatusOr<Answer>&) {});
  std::set<seconds> stays;
  std::string node = *f.nodes.Choose();
  seconds since{0};
  for (seconds now{0}; now < hours(10); now += seconds(1)) {
    for (const auto& pending : f.http.pending()) {
      if (pending.path != kPath) continue;
      f.http.Answer(pending, DataJson(""));
      break;
    }
    if (const std::string moved = *f.nodes.Choose(); moved != node) {
      stays.insert(now - since);
      node = moved;
      since = now;
    }
    f.loop.Advance(seconds(1));
  }
  CHECK(stays.size() >= 18);  // Hardly two of the same length.
  CHECK(*stays.begin() >= minutes(15));
  CHECK(*stays.rbegin() <= minutes(30) + seconds(1));
  CHECK(f.http.CountWaiting("/discovery/polls") == 1);
  CHECK(f.http.aborted() == 0);
}

}  // namespace
}  // namespace naming::discovery
