// SPDX-License-Identifier: Apache-2.0
// Registers this program as an instance of demo.greeter, keeps it registered
// until Ctrl-C, and takes it out of the registry before it ends.
//
//   example-register --nodes=127.0.0.1:7171

#include <csignal>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>

#include "naming/discovery/client.h"

int main(int argc, char** argv) {
  // DISCOVERY_NODES, REGION, ZONE, DEPLOY_ENV and so on; the flag overrides.
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

  // Blocked before the client starts its threads, so that only we get them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  auto client = naming::discovery::Client::Create(options);
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }

  naming::Instance instance;
  instance.app_id = "demo.greeter";
  instance.addrs = {"grpc://127.0.0.1:9000", "http://127.0.0.1:8000"};
  instance.version = "1.0";
  instance.metadata = {{"weight", "10"}};
  auto registration = (*client)->Register(std::move(instance));
  if (!registration.ok()) {
    std::cerr << registration.status() << "\n";
    return 1;
  }
  std::cout << "registered as " << registration->instance().hostname
            << "; Ctrl-C ends it" << std::endl;

  int signal = 0;
  sigwait(&stop_signals, &signal);

  // The destructor does this too; here we want to know how it went.
  if (absl::Status status = registration->Cancel(); !status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  std::cout << "cancelled\n";
  return 0;
}
