// SPDX-License-Identifier: Apache-2.0
// Nodes that replicate to each other, over real sockets.

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "naming/node/discovery_node.h"
#include "tests/integration/node/cluster.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_server.h"
#include "tests/support/temporary_directory.h"

namespace naming::node {
namespace {

using std::chrono::seconds;
using testing::AreEqual;
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

constexpr const char* kMissing = R"({"code":-404,"message":"-404","ttl":1})";

void Hang(const RawRequest&, RawConnection& connection) { connection.Hang(); }

TEST_CASE("What is registered at one node is at all when the answer comes",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  Register(cluster.a, "main.account", "h1");
  for (const Place* const place : {&cluster.a, &cluster.b, &cluster.c}) {
    CHECK(place->Holds("main.account",
                       R"("addrs":["http://1.1.1.1:80","grpc://1.1.1.1:90"])"));
  }

  SECTION("and so is a change of it") {
    REQUIRE(cluster.b.Post("set", Key("main.account", "h1") +
                                      "&status=2&metadata=%7B%22w%22%3A%221%22"
                                      "%7D") == kOk);
    for (const Place* const place : {&cluster.a, &cluster.b, &cluster.c}) {
      CHECK(place->Holds("main.account", R"("metadata":{"w":"1"},"status":2)"));
    }
  }
  SECTION("and so is its end") {
    REQUIRE(cluster.c.Post("cancel", Key("main.account", "h1")) == kOk);
    for (const Place* const place : {&cluster.a, &cluster.b, &cluster.c}) {
      CHECK_FALSE(place->Holds("main.account", "h1"));
    }
  }
  SECTION("and so are its renewals") {
    for (int i = 0; i < 8; ++i) {
      REQUIRE(cluster.a.Post("renew", Key("main.account", "h1"))
                  .find("\"code\":0") != std::string::npos);
      for (Place* const place : {&cluster.a, &cluster.b, &cluster.c}) {
        place->node().AdvanceClock(seconds(30));
      }
    }
    CHECK(cluster.b.Holds("main.account", "h1"));
    CHECK(cluster.c.Holds("main.account", "h1"));
  }
}

TEST_CASE("A renewal brings an instance to a node that doesn't have it",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  Register(cluster.a, "main.account", "h1");
  REQUIRE(cluster.b.Post("cancel", Key("main.account", "h1") +
                                       "&replication=true") == kOk);
  REQUIRE_FALSE(cluster.b.Holds("main.account", "h1"));
  cluster.a.Post("renew", Key("main.account", "h1"));
  CHECK(cluster.b.Holds(
      "main.account", R"("addrs":["http://1.1.1.1:80","grpc://1.1.1.1:90"])"));
}

TEST_CASE("A renewal brings a newer registration from a node that has one",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  Register(cluster.a, "main.account", "h1");
  Register(
      cluster.b, "main.account", "h1",
      "&version=newer&replication=true&dirty_timestamp=9000000000000000000");
  REQUIRE_FALSE(cluster.a.Holds("main.account", "newer"));
  cluster.a.Post("renew", Key("main.account", "h1"));
  CHECK(cluster.a.Holds("main.account", "newer"));
  CHECK(cluster.b.Holds("main.account", "newer"));
}

TEST_CASE("A node that comes back empty gets everything", "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  Register(cluster.a, "main.account", "h1");
  cluster.b.Stop();
  Register(cluster.c, "main.account", "h2");
  REQUIRE(cluster.a.Post("cancel", Key("main.account", "h1")) == kOk);
  CHECK(cluster.c.Holds("main.account", "h2"));
  cluster.b.Start(cluster.Options());
  CHECK(Eventually([&] {
    return cluster.b.Holds("main.account", "h2") && cluster.HasAll(cluster.b) &&
           cluster.HasAll(cluster.a);
  }));
  CHECK_FALSE(cluster.b.Holds("main.account", "h1"));
  Register(cluster.c, "main.account", "h3");
  CHECK(Eventually([&] { return cluster.b.Holds("main.account", "h3"); }));
}

TEST_CASE("A node that hangs delays one write for a bounded time",
          "[node][peers]") {
  Cluster cluster;
  cluster.c.Start(cluster.Options());
  cluster.c.Stop();
  auto hanging = std::make_unique<RawServer>(Hang, cluster.c.port());
  cluster.a.Start(cluster.Options());
  cluster.b.Start(cluster.Options());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    Register(cluster.a, "main.account", absl::StrFormat("h%d", i));
  }
  // Were each delayed by a second, it would be 20.
  CHECK(std::chrono::steady_clock::now() - begin < seconds(12));
  CHECK(cluster.b.Holds("main.account", "h0"));
  CHECK(cluster.b.Holds("main.account", "h19"));
  CHECK(cluster.a.Get("nodes").find(
            absl::StrFormat(R"({"addr":"%s","status":1,"zone":"sh001"})",
                            cluster.c.address())) != std::string::npos);

  hanging.reset();
  cluster.c.Start(cluster.Options());
  CHECK(Eventually([&] {
    return cluster.c.Holds("main.account", "h0") &&
           cluster.c.Holds("main.account", "h19") && cluster.HasAll(cluster.a);
  }));
}

TEST_CASE("An address with a comma is the same on every node",
          "[node][peers]") {
  TwoZones zones;
  REQUIRE(
      zones.a.Post("register", Key("main.account", "h1") +
                                   "&status=1&addrs=http%3A%2F%2Fx%3A1%2F%3F"
                                   "ids%3D1%2C2&addrs=%2C&addrs=a,b") == kOk);
  for (const Place* const place : {&zones.a, &zones.b, &zones.c}) {
    CHECK(place->Holds("main.account",
                       R"("addrs":["http://x:1/?ids=1,2",",","a,b"])"));
  }
}

TEST_CASE("Whatever a client may register reaches the other nodes",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  struct Case {
    const char* what;
    const char* name;
    std::string value;
  };
  // In a form each '"' has three bytes, and what isn't UTF-8 has nine: beyond a
  // client's limit of 1 MiB.
  const auto c =
      GENERATE(Case{"quotes", "version", std::string(500'000, '"')},
               Case{"not UTF-8", "metadata",
                    "{\"a\":\"" + std::string(150'000, '\xff') + "\"}"});
  CAPTURE(c.what);
  Register(cluster.a, "main.account", "big",
           std::string("&") + c.name + "=" + c.value);
  Register(cluster.a, "main.account", "after");
  for (const Place* const place : {&cluster.b, &cluster.c}) {
    // The client is answered after a second, whether they have it or not.
    CHECK(Eventually([&] {
      return place->Holds("main.account", "\"after\"") &&
             place->Holds("main.account", "\"big\"");
    }));
    CHECK(place->Get("nodes").find("\"status\":1") == std::string::npos);
  }
}

TEST_CASE("A registration that peers refuse keeps nothing else from them",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  Fault refused = Fault::Refuse("", 413);
  refused.parameters = {{"hostname", "big"}, {"replication", "true"}};
  cluster.b.node().AddFault(refused);
  Register(cluster.a, "main.account", "big");
  Register(cluster.a, "main.account", "after");
  CHECK(cluster.b.Holds("main.account", "\"after\""));
  CHECK_FALSE(cluster.b.Holds("main.account", "\"big\""));
  CHECK(cluster.c.Holds("main.account", "\"big\""));
  CHECK(cluster.a.Get("nodes").find("\"status\":1") == std::string::npos);
}

TEST_CASE("What was cancelled while a node was cut off stays cancelled",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  const testing::TemporaryDirectory directory;
  DiscoveryNodeOptions with_state = cluster.Options();
  with_state.state_file = directory.File("state.json");
  cluster.c.Stop();
  cluster.c.Start(with_state);
  Register(cluster.a, "main.account", "gone");
  Register(cluster.a, "main.account", "stays");
  REQUIRE(Eventually([&] { return cluster.c.Holds("main.account", "stays"); }));
  cluster.c.Stop();
  REQUIRE(cluster.a.Post("cancel", Key("main.account", "gone")) == kOk);

  cluster.c.Start(with_state);
  CHECK(Eventually([&] {
    return !cluster.c.Holds("main.account", "gone") &&
           cluster.c.Holds("main.account", "stays");
  }));
  CHECK_FALSE(cluster.a.Holds("main.account", "gone"));
  CHECK_FALSE(cluster.b.Holds("main.account", "gone"));
  cluster.c.Stop();
}

TEST_CASE("A node that is cut off and back is equal to the others",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  Register(cluster.a, "main.account", "before");
  // A partition: clients are on both sides, and nothing passes between them.
  Fault lost = Fault::Drop("");
  lost.parameters = {{"replication", "true"}};
  cluster.c.node().AddFault(lost);
  lost.parameters["hostname"] = "beyond";
  cluster.a.node().AddFault(lost);
  cluster.b.node().AddFault(lost);
  Register(cluster.a, "main.account", "meanwhile");
  Register(cluster.c, "main.account", "beyond");
  Register(cluster.b, "main.account", "there");
  REQUIRE(cluster.b.Post("cancel", Key("main.account", "before")) == kOk);
  CHECK(cluster.b.Holds("main.account", "meanwhile"));
  CHECK(cluster.a.Holds("main.account", "there"));
  CHECK_FALSE(cluster.a.Holds("main.account", "before"));
  CHECK_FALSE(cluster.a.Holds("main.account", "beyond"));
  CHECK_FALSE(cluster.b.Holds("main.account", "beyond"));
  CHECK(cluster.c.Holds("main.account", "beyond"));
  CHECK(cluster.c.Holds("main.account", "before"));
  CHECK_FALSE(cluster.c.Holds("main.account", "meanwhile"));

  for (Place* const place : {&cluster.a, &cluster.b, &cluster.c}) {
    place->node().ClearFaults();
    place->node().AdvanceClock(seconds(30));  // A renew interval.
  }
  CHECK(Eventually([&] { return AreEqual(cluster.a, cluster.b, cluster.c); }));
  CHECK(cluster.c.Holds("main.account", "meanwhile"));
  CHECK(cluster.c.Holds("main.account", "there"));
  CHECK(cluster.a.Holds("main.account", "beyond"));
  CHECK_FALSE(cluster.c.Holds("main.account", "before"));
}

TEST_CASE("A node that stops leaves infra.discovery of the others",
          "[node][peers]") {
  Cluster cluster;
  cluster.StartAll();
  cluster.b.Stop();
  CHECK_FALSE(cluster.HasAll(cluster.a));
  CHECK(cluster.a.Holds("infra.discovery", "node-" + cluster.c.address()));
  CHECK_FALSE(cluster.HasAll(cluster.c));
}

TEST_CASE("A node that registers itself with one of a zone joins it",
          "[node][peers]") {
  Cluster cluster;
  DiscoveryNodeOptions alone;
  alone.nodes = {cluster.a.address()};
  cluster.a.Start(alone);
  cluster.b.Start(alone);
  REQUIRE(Eventually([&] {
    return cluster.a.Get("nodes").find(cluster.b.address()) !=
           std::string::npos;
  }));
  cluster.c.Start(alone);
  REQUIRE(Eventually([&] {
    return cluster.b.Get("nodes").find(cluster.c.address()) !=
               std::string::npos &&
           cluster.c.Get("nodes").find(cluster.b.address()) !=
               std::string::npos;
  }));
  Register(cluster.b, "main.account", "h1");
  CHECK(cluster.a.Holds("main.account", "h1"));
  CHECK(cluster.c.Holds("main.account", "h1"));
}

TEST_CASE("Writes reach every node of every zone", "[node][peers]") {
  TwoZones zones;
  Register(zones.a, "main.account", "h1");
  Register(zones.c, "main.account", "h2");
  const auto all_hold = [&](const std::string& text) {
    return zones.a.Holds("main.account", text) &&
           zones.b.Holds("main.account", text) &&
           zones.c.Holds("main.account", text);
  };
  CHECK(all_hold("h1"));
  CHECK(all_hold("h2"));
  CHECK(all_hold(R"("sh002":[{)"));

  SECTION("a set does") {
    REQUIRE(zones.c.Post("set", Key("main.account", "h2", "sh002") +
                                    "&status=2") == kOk);
    CHECK(all_hold(R"("status":2)"));
  }
  SECTION("a cancel does, through a node of either zone") {
    REQUIRE(zones.c.Post("cancel", Key("main.account", "h1")) == kOk);
    CHECK_FALSE(zones.a.Holds("main.account", "h1"));
    CHECK_FALSE(zones.b.Holds("main.account", "h1"));
    REQUIRE(zones.c.Post("cancel", Key("main.account", "h2", "sh002")) == kOk);
    CHECK_FALSE(zones.b.Holds("main.account", "h2"));
    CHECK(zones.a.Post("cancel", Key("main.account", "h2", "sh002")) ==
          kMissing);
  }
}

TEST_CASE("Renewals mend what differs between two zones", "[node][peers]") {
  TwoZones zones;
  SECTION("where an instance is missing") {
    Register(zones.c, "main.account", "h2");
    for (const Place* const place : {&zones.a, &zones.b}) {
      REQUIRE(place->Post("cancel", Key("main.account", "h2", "sh002") +
                                        "&replication=true") == kOk);
    }
    // The first one proves to one node that the cancellation is out of date,
    // the second one to the other.
    zones.c.Post("renew", Key("main.account", "h2", "sh002"));
    CHECK((zones.a.Holds("main.account", "h2") ||
           zones.b.Holds("main.account", "h2")));
    zones.c.Post("renew", Key("main.account", "h2", "sh002"));
    CHECK(zones.a.Holds("main.account", "h2"));
    CHECK(zones.b.Holds("main.account", "h2"));
  }
  SECTION("where it is newer") {
    Register(zones.a, "main.account", "h1");
    REQUIRE(
        zones.c.Post("register",
                     Key("main.account", "h1") +
                         "&status=1&addrs=http%3A%2F%2F1.1.1.1%3A80&version="
                         "newer&replication=true&dirty_timestamp="
                         "9000000000000000000") == kOk);
    zones.a.Post("renew", Key("main.account", "h1"));
    CHECK(zones.a.Holds("main.account", "newer"));
    zones.a.Post("renew", Key("main.account", "h1"));
    CHECK(zones.b.Holds("main.account", "newer"));
  }
}

TEST_CASE("Nodes that are listed by their host's name are there once",
          "[node][peers]") {
  Cluster cluster;
  const auto name = [](const Place& place) {
    return absl::StrFormat("localhost:%d", place.port());
  };
  DiscoveryNodeOptions options;
  options.nodes = {name(cluster.a), name(cluster.b)};
  cluster.a.Start(options);
  cluster.b.Start(options);
  const auto entry = [](const std::string& address) {
    return absl::StrFormat(R"({"addr":"%s","status":0,"zone":"sh001"})",
                           address);
  };
  const std::string a = entry(name(cluster.a));
  const std::string b = entry(name(cluster.b));
  const std::string before = R"({"code":0,"message":"0","ttl":1,"data":[)";
  const auto nodes = [&] {
    return cluster.a.Get("nodes") == before + a + "," + b + "]}" &&
           cluster.b.Get("nodes") == before + b + "," + a + "]}";
  };
  CHECK(Eventually([&] {
    return cluster.a.Holds("infra.discovery", "node-" + cluster.b.address()) &&
           cluster.b.Holds("infra.discovery", "node-" + cluster.a.address()) &&
           nodes();
  }));
  cluster.a.node().ClearRequests();
  Register(cluster.a, "main.account", "h1");
  CHECK(cluster.b.Holds("main.account", "h1"));
  CHECK(cluster.a.node().requests().size() == 1);
  CHECK(nodes());
}

TEST_CASE("/nodes lists the own zone alone", "[node][peers]") {
  TwoZones zones;
  const std::string nodes = zones.a.Get("nodes");
  CHECK(nodes.find(zones.a.address()) != std::string::npos);
  CHECK(nodes.find(zones.b.address()) != std::string::npos);
  CHECK(nodes.find(zones.c.address()) == std::string::npos);
}

TEST_CASE("A protected node answers reads once a peer has told it everything",
          "[node][peers]") {
  constexpr const char* kProtected =
      R"({"code":-500,"message":"-500","ttl":1})";
  Cluster cluster;
  DiscoveryNodeOptions options = cluster.Options();
  options.protect = true;

  SECTION("or after a minute") {
    cluster.a.Start(options);
    for (const char* const target : {"fetch?env=dev&status=1&appid=a", "fetchs",
                                     "fetch/all", "poll", "polls", "nodes"}) {
      CHECK(cluster.a.Get(target) == kProtected);
    }
    Register(cluster.a, "main.account", "h1");
    cluster.a.node().AdvanceClock(seconds(59));
    CHECK(cluster.a.Get("nodes") == kProtected);
    cluster.a.node().AdvanceClock(seconds(1));
    CHECK(cluster.a.Holds("main.account", "h1"));
  }
  SECTION("not before") {
    cluster.b.Start(cluster.Options());
    Register(cluster.b, "main.account", "h1");
    cluster.a.Start(options);
    std::string first;
    REQUIRE(Eventually([&] {
      first = cluster.a.Get("fetch?env=dev&status=1&appid=main.account");
      return first != kProtected;
    }));
    CHECK(first.find("h1") != std::string::npos);
  }
}

}  // namespace
}  // namespace naming::node
