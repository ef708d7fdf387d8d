// SPDX-License-Identifier: Apache-2.0
// Picks an endpoint of an application for each call, in turn, while a Watcher
// keeps the endpoints up to date.
//
//   example-balance --nodes=127.0.0.1:7171

#include <chrono>
#include <cstring>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "naming/balancer/round_robin.h"
#include "naming/discovery/client.h"
#include "naming/filter.h"

int main(int argc, char** argv) {
  auto options = naming::discovery::ClientOptions::FromEnvironment();
  if (argc == 2 && std::strncmp(argv[1], "--nodes=", 8) == 0) {
    options.nodes.clear();
    std::istringstream list(argv[1] + 8);
    for (std::string node; std::getline(list, node, ',');) {
      options.nodes.push_back(node);
    }
  } else if (argc != 1) {
    std::cerr << "usage: " << argv[0] << " [--nodes=host:port,host:port]\n";
    return 2;
  }

  auto client = naming::discovery::Client::Create(options);
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  auto resolver = (*client)->Build("discovery:///demo.greeter");
  if (!resolver.ok()) {
    std::cerr << resolver.status() << "\n";
    return 1;
  }
  auto snapshot = (*resolver)->Fetch(std::chrono::seconds(3));
  if (!snapshot.ok()) {
    std::cerr << snapshot.status() << "\n";
    return 1;
  }

  naming::Filter filter;
  filter.addr_scheme = "grpc";
  naming::balancer::RoundRobin balancer;
  balancer.Update(naming::EndpointsOf(**snapshot, filter));
  naming::Watcher watcher = (*resolver)->Watch(
      [&](const std::shared_ptr<const naming::Snapshot>& newer) {
        balancer.Update(naming::EndpointsOf(*newer, filter));
      });

  for (int call = 1; call <= 6; ++call) {
    auto pick = balancer.Choose();
    if (!pick.ok()) {
      std::cerr << pick.status() << "\n";
      return 1;
    }
    // Keep the Pick until the call has returned: it owns its Endpoint.
    std::cout << "call " << call << " goes to " << pick->endpoint().address
              << "\n";
  }
  return 0;
}
