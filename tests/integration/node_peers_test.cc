// SPDX-License-Identifier: Apache-2.0
// Nodes that replicate to each other, over real sockets.

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "naming/node/discovery_node.h"
#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_server.h"
#include "tests/support/temporary_directory.h"

namespace naming::node {
namespace {

using std::chrono::seconds;
using testing::BodyOf;
using testing::Eventually;
using testing::Exchange;
using testing::HttpGet;
using testing::HttpPost;
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;
using testing::RefusingPort;

constexpr const char* kOk = R"({"code":0,"message":"0","ttl":1})";
constexpr const char* kMissing = R"({"code":-404,"message":"-404","ttl":1})";

// One of the addresses of a cluster, with or without a node at it.
class Place final {
 public:
  explicit Place(std::string zone) : zone_(std::move(zone)) {}

  std::string address() const {
    return absl::StrFormat("127.0.0.1:%d", port_.port());
  }
  std::uint16_t port() const { return port_.port(); }
  const std::string& zone() const { return zone_; }
  DiscoveryNode& node() { return *node_; }

  void Start(DiscoveryNodeOptions options) {
    options.listen = address();
    options.zone = zone_;
    options.hostname = "node-" + address();
    auto node = DiscoveryNode::Start(std::move(options));
    INFO(node.status());
    REQUIRE(node.ok());
    node_ = *std::move(node);
  }
  void Stop() { node_.reset(); }

  std::string Post(const std::string& path, const std::string& form) const {
    return BodyOf(Exchange(address(), HttpPost("/discovery/" + path, form)));
  }
  std::string Get(const std::string& target) const {
    return BodyOf(Exchange(address(), HttpGet("/discovery/" + target)));
  }

  bool Holds(const std::string& app_id, const std::string& text) const {
    return Get("fetch?env=dev&status=3&appid=" + app_id).find(text) !=
           std::string::npos;
  }

 private:
  const RefusingPort port_;  // Keeps the port for this test.
  const std::string zone_;
  std::unique_ptr<DiscoveryNode> node_;
};

// Three places in a zone, and what a node at one of them is started with.
struct Cluster {
  Place a{"sh001"};
  Place b{"sh001"};
  Place c{"sh001"};

  DiscoveryNodeOptions Options() const {
    DiscoveryNodeOptions options;
    options.nodes = {a.address(), b.address(), c.address()};
    return options;
  }

  void StartAll() {
    for (Place* const place : {&a, &b, &c}) place->Start(Options());
    // Each has found the others.
    for (const Place* const place : {&a, &b, &c}) {
      REQUIRE(Eventually([&] {
        const std::string nodes = place->Get("nodes");
        return HasAll(*place) &&
               nodes.find("\"status\":1") == std::string::npos;
      }));
    }
  }

  bool HasAll(const Place& place) const {
    return place.Holds("infra.discovery", "node-" + a.address()) &&
           place.Holds("infra.discovery", "node-" + b.address()) &&
           place.Holds("infra.discovery", "node-" + c.address());
  }
};

std::string Key(const std::string& app_id, const std::string& hostname,
                const std::string& zone = "sh001") {
  return "env=dev&zone=" + zone + "&appid=" + app_id + "&hostname=" + hostname;
}

void Register(const Place& place, const std::string& app_id,
              const std::string& hostname, const std::string& more = "") {
  REQUIRE(place.Post("register", Key(app_id, hostname, place.zone()) +
                                     "&status=1&addrs=http%3A%2F%2F1.1.1.1%3A80"
                                     "&addrs=grpc%3A%2F%2F1.1.1.1%3A90" +
                                     more) == kOk);
}

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

// Two nodes in one zone, one in another.
struct TwoZones {
  Place a{"sh001"};
  Place b{"sh001"};
  Place c{"sh002"};

  TwoZones() {
    DiscoveryNodeOptions options;
    options.nodes = {a.address(), b.address()};
    options.zones = {{"sh002", {c.address()}}};
    a.Start(options);
    b.Start(options);
    options.nodes = {c.address()};
    options.zones = {{"sh001", {a.address(), b.address()}}};
    c.Start(options);
    REQUIRE(Eventually([&] {
      return a.Holds("infra.discovery", "node-" + c.address()) &&
             b.Holds("infra.discovery", "node-" + c.address()) &&
             c.Holds("infra.discovery", "node-" + a.address()) &&
             c.Holds("infra.discovery", "node-" + b.address());
    }));
  }
};

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
  SECTION("a renewal mends the other zone") {
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
    CHECK(all_hold("h2"));
  }
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
