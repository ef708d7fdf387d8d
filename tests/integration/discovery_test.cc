// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/integration/discovery_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_provider.h"
#include "tests/support/raw_server.h"

// The discovery client against discovery nodes, over real sockets.
namespace naming::discovery {
namespace {

using node::DiscoveryNode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;
using testing::RawProvider;

// Runs `action` and returns how long it took.
template <typename Action>
milliseconds Took(const Action& action) {
  const auto began = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::steady_clock::now() - began);
}

// Well below a poll's hold, well above what a loaded machine needs for nothing.
constexpr seconds kAtOnce{10};

TEST_CASE("Registered is in a watcher's snapshot, cancelled is out of it",
          "[discovery]") {
  const auto node = StartNode();
  const auto provider = MakeClient(*node);
  const auto consumer = MakeClient(*node);
  const Follower follower(*consumer);

  auto first = provider->Register(MakeInstance("h1"));
  REQUIRE(first.ok());
  CHECK(follower.Sees({"h1"}));
  auto second = provider->Register(MakeInstance("h2"));
  REQUIRE(second.ok());
  CHECK(follower.Sees({"h1", "h2"}));
  CHECK(first->Cancel().ok());
  CHECK(follower.Sees({"h2"}));
  *second = Registration();
  CHECK(follower.Sees({}));
}

TEST_CASE("What is registered arrives whole", "[discovery]") {
  const auto node = StartNode();
  const auto client = MakeClient(*node);
  Instance instance = MakeInstance("h1");
  instance.addrs = {"grpc://10.0.0.7:9000", "http://10.0.0.7:80"};
  instance.region = "sh";
  instance.version = "1.4.2;a&b";
  instance.metadata = {{"weight", "20"}, {"note", "a&b=c+d %41 \"é\" <x>"}};
  const auto registration = client->Register(instance);
  REQUIRE(registration.ok());
  const auto resolver = client->Build("discovery://default/demo.app").value();
  const auto snapshot = resolver->Fetch(seconds(30));
  REQUIRE(snapshot.ok());
  REQUIRE((*snapshot)->size() == 1);
  CHECK(*(*snapshot)->AllInstances()[0] == instance);
}

TEST_CASE("What an Instance leaves empty is filled in", "[discovery]") {
  const auto node = StartNode();
  ClientOptions options = OptionsFor({node->address()});
  options.region = "sh";
  options.env = "uat";
  options.zone = "sh002";
  options.color = "blue";
  Instance instance;
  instance.app_id = "demo.app";
  instance.addrs = {"grpc://10.0.0.7:9000"};
  SECTION("the hostname from the options, as it is") {
    options.hostname = "web-7";
    const auto client = MakeClient(options);
    const auto registration = client->Register(instance);
    REQUIRE(registration.ok());
    CHECK(registration->instance().hostname == "web-7");
    CHECK(registration->instance().zone == "sh002");
    CHECK(registration->instance().region == "sh");
    CHECK(registration->instance().env == "uat");
    CHECK(registration->instance().metadata.at("color") == "blue");
  }
  SECTION("else one that no other port of this machine has") {
    const auto client = MakeClient(options);
    const auto registration = client->Register(instance);
    REQUIRE(registration.ok());
    const std::string hostname = registration->instance().hostname;
    CHECK(hostname.size() > 5);
    CHECK(hostname.substr(hostname.size() - 5) == ":9000");
  }
}

TEST_CASE("What an Instance says of itself, no option replaces",
          "[discovery]") {
  const auto node = StartNode();
  ClientOptions options = OptionsFor({node->address()});
  options.region = "sh";
  options.env = "uat";
  options.zone = "sh002";
  options.hostname = "web-7";
  options.color = "blue";
  const auto client = MakeClient(options);
  Instance instance = MakeInstance("h1");
  instance.region = "gz";
  instance.env = "pre";
  instance.zone = "gz001";
  instance.metadata = {{"color", "red"}};
  const auto registration = client->Register(instance);
  REQUIRE(registration.ok());
  CHECK(registration->instance() == instance);
  // And in the registry as well.
  ClientOptions others = OptionsFor({node->address()});
  others.env = "pre";
  const auto consumer = MakeClient(others);
  const auto resolver = consumer->Build("discovery://default/demo.app").value();
  const auto snapshot = resolver->Fetch(seconds(30));
  REQUIRE(snapshot.ok());
  REQUIRE((*snapshot)->size() == 1);
  CHECK(*(*snapshot)->AllInstances()[0] == instance);
}

TEST_CASE("A provider that dies is out after its expiry", "[discovery]") {
  const auto node = StartNode();
  const RawProvider raw(node->address());
  // Enough others that one death isn't taken for the node's own trouble.
  std::set<std::string> living;
  for (int i = 0; i < 20; ++i) {
    const std::string hostname = "h" + std::to_string(i);
    living.insert(hostname);
    REQUIRE_FALSE(raw.Register(MakeInstance(hostname)).empty());
  }
  REQUIRE_FALSE(raw.Register(MakeInstance("dead")).empty());
  const auto consumer = MakeClient(*node);
  const Follower follower(*consumer);
  std::set<std::string> all = living;
  all.insert("dead");
  REQUIRE(follower.Sees(all));

  for (int half_minute = 0; half_minute < 12; ++half_minute) {
    for (const std::string& hostname : living)
      raw.Renew(MakeInstance(hostname));
    node->AdvanceClock(seconds(30));
  }
  CHECK(follower.Sees(living));
}

TEST_CASE("When the polled node dies the other serves the next change",
          "[discovery]") {
  std::vector<std::unique_ptr<DiscoveryNode>> nodes;
  nodes.push_back(StartNode());
  nodes.push_back(StartNode());
  const RawProvider first(nodes[0]->address());
  const RawProvider second(nodes[1]->address());
  for (const RawProvider* raw : {&first, &second}) {
    REQUIRE_FALSE(raw->Register(MakeInstance("h1")).empty());
  }
  const auto consumer =
      MakeClient(OptionsFor({nodes[0]->address(), nodes[1]->address()}));
  const Follower follower(*consumer);
  REQUIRE(follower.Sees({"h1"}));

  // One of the two is polled: a change of the other one is not seen.
  first.Register(MakeInstance("on-first"));
  second.Register(MakeInstance("on-second"));
  REQUIRE(Eventually([&] { return follower.hostnames().size() == 2; }));
  const bool polls_first = follower.hostnames().count("on-first") == 1;
  nodes[polls_first ? 0 : 1]->Stop();
  const RawProvider& survivor = polls_first ? second : first;
  const std::string other = polls_first ? "on-second" : "on-first";
  CHECK(follower.Sees({"h1", other}));
  survivor.Register(MakeInstance("h2"));
  CHECK(follower.Sees({"h1", "h2", other}));
}

TEST_CASE("After a node restarted empty the provider is back at its next renew",
          "[discovery]") {
  auto node = StartNode();
  const std::string address = node->address();
  const auto provider = MakeClient(*node);
  auto registration = provider->Register(MakeInstance("h1"));
  REQUIRE(registration.ok());
  const auto consumer = MakeClient(*node);
  const Follower follower(*consumer);
  REQUIRE(follower.Sees({"h1"}));

  node.reset();
  node = StartNode(address);
  const RawProvider raw(address);
  const std::string query = "/discovery/fetch?env=dev&status=1&appid=demo.app";
  CHECK(Eventually([&] {
    return raw.Get(query).find("\"hostname\":\"h1\"") != std::string::npos;
  }));
  CHECK(follower.Sees({"h1"}));
  // The node has it a moment before the client knows.
  CHECK(registration->Wait(seconds(30)).ok());
  // And the consumer follows the new node.
  const auto second = provider->Register(MakeInstance("h2"));
  REQUIRE(second.ok());
  CHECK(follower.Sees({"h1", "h2"}));
}

TEST_CASE("Nodes that register themselves are found", "[discovery]") {
  const auto node = StartNode();
  const auto other = StartNode();
  // The node tells of another one, as members of a cluster do.
  Instance self = MakeInstance("other-node");
  self.app_id = "infra.discovery";
  self.addrs = {"http://" + other->address()};
  const RawProvider raw(node->address());
  REQUIRE_FALSE(raw.Register(self).empty());
  const auto client = MakeClient(*node);
  const std::string url = "http://" + other->address();
  CHECK(Eventually([&] {
    const auto nodes = client->nodes();
    return std::set<std::string>(nodes.begin(), nodes.end()).count(url) == 1;
  }));
}

TEST_CASE("A client is destroyed at once, with polls in flight",
          "[discovery]") {
  const auto node = StartNode();
  auto client = MakeClient(*node);
  const auto registration = client->Register(MakeInstance("h1"));
  REQUIRE(registration.ok());
  const Follower follower(*client);
  REQUIRE(follower.Sees({"h1"}));
  CHECK(Took([&] { client.reset(); }) < kAtOnce);
  // Destroying it cancelled the registration.
  CHECK(RawProvider(node->address())
            .Get("/discovery/fetch?env=dev&status=1&appid=demo.app")
            .find("\"code\":-404") != std::string::npos);
  CHECK(follower.hostnames() == std::set<std::string>{"h1"});
}

TEST_CASE("A client is destroyed at once, whatever its node does",
          "[discovery]") {
  testing::RawServer hanging(
      [](const testing::RawRequest&, testing::RawConnection& connection) {
        connection.Hang();
      });
  auto client = MakeClient(OptionsFor({hanging.Url("")}));
  RegisterOptions options;
  options.mode = RegisterMode::kKeepTrying;
  auto registration = client->Register(MakeInstance("h1"), options);
  REQUIRE(registration.ok());
  const auto resolver = client->Build("discovery:///demo.app").value();
  auto fetched = std::async(std::launch::async, [&resolver] {
    return resolver->Fetch(std::chrono::hours(1)).status();
  });
  REQUIRE(Eventually([&] { return hanging.requests().size() >= 2; }));
  CHECK(Took([&] { client.reset(); }) < kAtOnce);
  CHECK(absl::IsCancelled(fetched.get()));
}

TEST_CASE("A client of an unreachable registry is made and fails in time",
          "[discovery]") {
  auto node = StartNode();
  const std::string address = node->address();
  node.reset();
  const auto client = MakeClient(OptionsFor({address}));
  RegisterOptions options;
  options.timeout = milliseconds(300);
  absl::Status status;
  CHECK(Took([&] {
          status = client->Register(MakeInstance("h1"), options).status();
        }) < kAtOnce);
  CAPTURE(status.ToString());
  CHECK(absl::IsUnavailable(status));
  CHECK(std::string(status.message()).find("discovery: register demo.app: ") ==
        0);
  CHECK(std::string(status.message()).find("http://" + address) !=
        std::string::npos);

  SECTION("and with kKeepTrying registers once a node is there") {
    options.mode = RegisterMode::kKeepTrying;
    auto registration = client->Register(MakeInstance("h1"), options);
    REQUIRE(registration.ok());
    CHECK_FALSE(registration->state().is_registered);
    node = StartNode(address);
    CHECK(registration->Wait(seconds(30)).ok());
    const Follower follower(*client);
    CHECK(follower.Sees({"h1"}));
  }
}

TEST_CASE("A node in start-up protection takes registrations at once",
          "[discovery]") {
  // A peer that can't be asked: protection lasts a minute, or longer.
  const testing::RefusingPort peer;
  node::DiscoveryNodeOptions options;
  options.listen = "127.0.0.1:0";
  options.nodes = {absl::StrFormat("127.0.0.1:%d", peer.port())};
  options.protect = true;
  const auto node = StartNode(std::move(options));
  const auto client = MakeClient(*node);
  std::vector<std::unique_ptr<Resolver>> resolvers;
  for (const char* const app_id : {"p", "q", "r", "s", "t"}) {
    resolvers.push_back(
        client->Build(absl::StrFormat("discovery:///%s", app_id)).value());
  }
  // Reads are refused, again and again.
  REQUIRE(Eventually([&] { return client->stats().failed_requests >= 4; }));

  for (const char* const hostname : {"h1", "h2", "h3"}) {
    absl::StatusOr<Registration> registered = absl::UnknownError("");
    const auto took =
        Took([&] { registered = client->Register(MakeInstance(hostname)); });
    CHECK(registered.status() == absl::OkStatus());
    CHECK(took < seconds(4));
    REQUIRE(registered.ok());
    // And keeps them.
    const auto before = client->stats().renewals;
    CHECK(Eventually([&] { return client->stats().renewals > before; }));
    CHECK(registered->Cancel() == absl::OkStatus());
  }
  CHECK(client->stats().failed_renewals == 0);
  CHECK(client->stats().snapshots == 0);
}

TEST_CASE("Instances of other envs are not seen", "[discovery]") {
  const auto node = StartNode();
  const RawProvider raw(node->address());
  Instance other = MakeInstance("other-env");
  other.env = "prod";
  raw.Register(other);
  raw.Register(MakeInstance("mine"));
  const auto client = MakeClient(*node);
  const Follower follower(*client);
  CHECK(follower.Sees({"mine"}));
}

}  // namespace
}  // namespace naming::discovery
