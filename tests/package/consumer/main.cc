// SPDX-License-Identifier: Apache-2.0
// Registers with a node of its own and with a fake backend, and resolves both.

#include <chrono>
#include <iostream>
#include <memory>
#include <string_view>

#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "naming/testing/fake_backend.h"

namespace {

// Returns whether what is registered at `registry` is resolved by `builder`.
bool Resolves(naming::Registry& registry, naming::Builder& builder,
              std::string_view target) {
  naming::Instance instance;
  instance.app_id = "demo.greeter";
  instance.addrs = {"grpc://127.0.0.1:9000"};
  const auto registration = registry.Register(instance);
  if (!registration.ok()) {
    std::cerr << registration.status() << "\n";
    return false;
  }
  const auto resolver = builder.Build(target);
  if (!resolver.ok()) {
    std::cerr << resolver.status() << "\n";
    return false;
  }
  const auto snapshot = (*resolver)->Fetch(std::chrono::seconds(10));
  if (!snapshot.ok()) {
    std::cerr << snapshot.status() << "\n";
    return false;
  }
  return (*snapshot)->size() == 1;
}

}  // namespace

int main() {
  const auto node = naming::node::DiscoveryNode::Start({});
  if (!node.ok()) {
    std::cerr << node.status() << "\n";
    return 1;
  }
  naming::discovery::ClientOptions options;
  options.nodes = {(*node)->address()};
  const auto client = naming::discovery::Client::Create(options);
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  const auto fake = naming::testing::FakeBackend::Create();
  const bool is_well =
      Resolves(**client, **client, "discovery:///demo.greeter") &&
      Resolves(*fake, *fake, "fake:///demo.greeter");
  return is_well ? 0 : 1;
}
