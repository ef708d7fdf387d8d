// SPDX-License-Identifier: Apache-2.0
// Asks once which instances an application has, and prints where they listen.
//
//   example-resolve --nodes=127.0.0.1:7171

#include <chrono>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>

#include "naming/discovery/client.h"

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

  // From here on the list is kept fresh in memory; build a Resolver once and
  // keep it.
  auto resolver = (*client)->Build("discovery:///demo.greeter");
  if (!resolver.ok()) {
    std::cerr << resolver.status() << "\n";
    return 1;
  }

  // The first call waits for the first list, later ones just return it.
  auto snapshot = (*resolver)->Fetch(std::chrono::seconds(3));
  if (!snapshot.ok()) {
    std::cerr << snapshot.status() << "\n";
    return 1;
  }
  for (const auto& [zone, instances] : (*snapshot)->zones) {
    for (const auto& instance : instances) {
      for (const std::string& addr : instance->addrs) {
        std::cout << zone << "  " << instance->hostname << "  " << addr << "\n";
      }
    }
  }
  return 0;
}
