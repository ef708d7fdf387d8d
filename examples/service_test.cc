// SPDX-License-Identifier: Apache-2.0
// How a test of your own service uses a discovery node in the test's process:
// the node can be disturbed, and it tells what it was asked. Built where Catch2
// is installed.

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"

using naming::node::DiscoveryNode;
using naming::node::Fault;
using std::chrono::seconds;

// The service under test, as far as the registry sees it.
struct Greeter {
  explicit Greeter(const std::string& node) {
    naming::discovery::ClientOptions options;
    options.nodes = {node};
    client = naming::discovery::Client::Create(options).value();
    naming::Instance instance;
    instance.app_id = "demo.greeter";
    instance.addrs = {"grpc://127.0.0.1:9000"};
    naming::RegisterOptions persistent;
    persistent.mode = naming::RegisterMode::kKeepTrying;
    registration = client->Register(std::move(instance), persistent).value();
  }
  std::unique_ptr<naming::discovery::Client> client;
  naming::Registration registration;
};

TEST_CASE("The greeter is found, and lost when its lease ends") {
  const auto node = DiscoveryNode::Start({}).value();
  Greeter greeter(node->address());
  REQUIRE(greeter.registration.Wait(seconds(30)).ok());

  const auto greeters = greeter.client->Build("discovery:///demo.greeter");
  REQUIRE(greeters.ok());
  CHECK((*greeters)->Fetch(seconds(30)).value()->AllInstances().size() == 1);

  const std::string hostname = greeter.registration.instance().hostname;
  CHECK(node->Evict("demo.greeter", hostname) == 1);
}

TEST_CASE("The greeter stands a registry that isn't ready, and one that cuts") {
  const auto node = DiscoveryNode::Start({}).value();
  node->AddFault(Fault::Refuse("/discovery/register", -500, 1));
  node->AddFault(Fault::Drop("/discovery/register", 1));
  Greeter greeter(node->address());
  REQUIRE(greeter.registration.Wait(seconds(30)).ok());

  int registers = 0;
  for (const auto& request : node->requests()) {
    if (request.path != "/discovery/register") continue;
    CHECK(request.Parameter("appid") == "demo.greeter");
    ++registers;
  }
  CHECK(registers == 3);  // It was refused, cut off, and taken.
}
