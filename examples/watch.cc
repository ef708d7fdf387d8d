// SPDX-License-Identifier: Apache-2.0
// Follows an application and prints its instances after each change, until
// Ctrl-C.
//
//   SNAPSHOT_DIR=/var/cache/demo example-watch --nodes=127.0.0.1:7171

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
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
  // What changes on the way, such as a node that doesn't answer any more.
  options.event_sink = [](const naming::ClientEvent& event) {
    std::clog << naming::ToString(event.kind) << ": " << event.message << "\n";
  };
  // Lists are kept here for a start while no node answers.
  if (const char* dir = std::getenv("SNAPSHOT_DIR")) options.snapshot_dir = dir;

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
  auto resolver = (*client)->Build("discovery:///demo.greeter");
  if (!resolver.ok()) {
    std::cerr << resolver.status() << "\n";
    return 1;
  }

  // Called at once if there is a list already, then on each change.
  naming::Watcher watcher = (*resolver)->Watch(
      [](const std::shared_ptr<const naming::Snapshot>& snapshot) {
        std::cout << snapshot->app_id
                  << (snapshot->stale_since ? " (stale):" : ":");
        for (const auto& instance : snapshot->AllInstances()) {
          std::cout << " " << instance->hostname;
        }
        std::cout << std::endl;
      });

  int signal = 0;
  sigwait(&stop_signals, &signal);
  return 0;  // ~Watcher: the callback isn't running and never will.
}
