// SPDX-License-Identifier: Apache-2.0
// What quirks change between nodes, over real sockets.

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "naming/node/discovery_node.h"
#include "tests/integration/node/cluster.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_server.h"

namespace naming::node {
namespace {

using std::chrono::milliseconds;
using testing::Cluster;
using testing::Eventually;
using testing::Key;
using testing::kOk;
using testing::Place;
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;
using testing::Register;
using testing::TwoZones;

DiscoveryNodeOptions With(bool is_quirky, const std::string& quirk) {
  DiscoveryNodeOptions options;
  if (is_quirky) options.quirks = {quirk};
  return options;
}

TEST_CASE("home-zone-only: a renewal stays where it came", "[peers][quirks]") {
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  TwoZones zones(With(is_quirky, "home-zone-only"));
  Register(zones.a, "main.account", "h1");
  REQUIRE(zones.c.Holds("main.account", "h1"));
  for (const Place* const place : {&zones.a, &zones.b}) {
    REQUIRE(place->Post("cancel", Key("main.account", "h1") +
                                      "&replication=true") == kOk);
  }
  // At home it would be registered again.
  zones.c.Post("renew", Key("main.account", "h1"));
  const bool is_home = zones.a.Holds("main.account", "h1") ||
                       zones.b.Holds("main.account", "h1");
  CHECK(is_home == !is_quirky);
}

TEST_CASE("home-zone-only: a cancellation stays where it came",
          "[peers][quirks]") {
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  TwoZones zones(With(is_quirky, "home-zone-only"));
  Register(zones.a, "main.account", "h1");
  REQUIRE(zones.c.Holds("main.account", "h1"));
  REQUIRE(zones.c.Post("cancel", Key("main.account", "h1")) == kOk);
  CHECK_FALSE(zones.c.Holds("main.account", "h1"));
  CHECK(zones.a.Holds("main.account", "h1") == is_quirky);
  CHECK(zones.b.Holds("main.account", "h1") == is_quirky);
}

bool IsTold(const RawServer& server, const std::string& hostname) {
  for (const RawRequest& request : server.requests()) {
    if (request.body.find("hostname=" + hostname) != std::string::npos) {
      return true;
    }
  }
  return false;
}

TEST_CASE("hanging-writes: each write waits for a node that hangs",
          "[peers][quirks]") {
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  Cluster cluster;
  const RawServer hanging(
      [](const RawRequest&, RawConnection& connection) { connection.Hang(); },
      cluster.c.port());
  DiscoveryNodeOptions options = cluster.Options();
  options.quirks = With(is_quirky, "hanging-writes").quirks;
  cluster.a.Start(options);
  // Far below it: timers go by the time at which their loop woke up.
  constexpr milliseconds kHalfOfDeadline{500};
  const std::string lost =
      absl::StrFormat(R"({"addr":"%s","status":1)", cluster.c.address());
  std::vector<bool> waited;
  for (const char* const hostname : {"h1", "h2"}) {
    const auto begin = std::chrono::steady_clock::now();
    CHECK(cluster.a.Post("register",
                         Key("main.account", hostname) +
                             "&status=1&addrs=http%3A%2F%2F1.1.1.1%3A80",
                         "x1-bmspy-timeout: 1000\r\n") == kOk);
    waited.push_back(std::chrono::steady_clock::now() - begin >=
                     kHalfOfDeadline);
    REQUIRE(Eventually([&] {
      return cluster.a.Get("nodes").find(lost) != std::string::npos;
    }));
  }
  if (is_quirky) CHECK(waited == std::vector<bool>{true, true});
  // Without the quirk a node that didn't answer isn't told any more.
  CHECK(IsTold(hanging, "h2") == is_quirky);
  CHECK(cluster.a.Holds("main.account", "h2"));
}

TEST_CASE("joined-addrs: another node gets all addresses as one",
          "[peers][quirks]") {
  const bool is_quirky = GENERATE(true, false);
  CAPTURE(is_quirky);
  TwoZones zones(With(is_quirky, "joined-addrs"));
  Register(zones.a, "main.account", "h1");
  const std::string apart =
      R"("addrs":["http://1.1.1.1:80","grpc://1.1.1.1:90"])";
  const std::string joined =
      R"("addrs":["http://1.1.1.1:80,grpc://1.1.1.1:90"])";
  CHECK(zones.a.Holds("main.account", apart));
  CHECK(zones.b.Holds("main.account", is_quirky ? joined : apart));
  CHECK(zones.c.Holds("main.account", is_quirky ? joined : apart));
}

}  // namespace
}  // namespace naming::node
