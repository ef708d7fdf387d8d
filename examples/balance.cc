// SPDX-License-Identifier: Apache-2.0
// Picks an endpoint of an application for each call and tells how the call
// went: slow endpoints get fewer calls, failing ones none until they are well
// again.
//
//   example-balance --nodes=127.0.0.1:7171

#include <chrono>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>

#include "naming/balanced.h"
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

  naming::BalancedOptions choice;
  choice.client_zone = options.zone;  // Prefer providers in the own zone.
  auto greeter = naming::Balanced::Create(
      **client, "discovery://default/demo.greeter?scheme=grpc&subset=50",
      choice);
  if (!greeter.ok()) {
    std::cerr << greeter.status() << "\n";
    return 1;
  }
  absl::Status ready = (*greeter)->WaitReady(std::chrono::seconds(3));
  if (!ready.ok()) {
    std::cerr << ready << "\n";
    return 1;
  }

  for (int call = 1; call <= 6; ++call) {
    auto pick = (*greeter)->Pick();
    if (!pick.ok()) {
      std::cerr << pick.status() << "\n";
      return 1;
    }
    std::cout << "call " << call << " goes to " << pick->endpoint().address
              << "\n";
    naming::Outcome outcome;  // As your client library tells it.
    outcome.result = naming::Outcome::Result::kSuccess;
    pick->Done(outcome);
  }
  return 0;
}
