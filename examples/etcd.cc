// SPDX-License-Identifier: Apache-2.0
// Registers this program beside Kratos services in etcd, and prints who else is
// there after each change, until Ctrl-C.
//
//   example-etcd etcd+kratos://127.0.0.1:2379/microservices/helloworld
//   example-etcd etcd+gozero://127.0.0.1:2379/user.rpc

#include <csignal>
#include <iostream>
#include <memory>
#include <string>

#include "naming/etcd/client.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0]
              << " etcd+kratos://host:port/prefix/app\n";
    return 2;
  }
  auto location = naming::etcd::ParseLocation(argv[1]);
  if (!location.ok()) {
    std::cerr << location.status() << "\n";
    return 2;
  }

  // Blocked before the client starts its threads, so that only we get them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  auto client = naming::etcd::Client::Create(location->options);
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  naming::Target target;
  target.scheme = std::string((*client)->scheme());
  target.app_id = location->app_id;
  auto resolver = (*client)->Build(target);
  if (!resolver.ok()) {
    std::cerr << resolver.status() << "\n";
    return 1;
  }
  naming::Watcher watcher = (*resolver)->Watch(
      [](const std::shared_ptr<const naming::Snapshot>& snapshot) {
        std::cout << snapshot->app_id << ":";
        for (const auto& instance : snapshot->AllInstances()) {
          std::cout << " " << instance->addrs.front();
        }
        std::cout << std::endl;
      });

  naming::Instance instance;
  instance.app_id = location->app_id;
  instance.addrs = {"grpc://127.0.0.1:9000"};
  instance.version = "1.0";
  auto registration = (*client)->Register(std::move(instance));
  if (!registration.ok()) {
    std::cerr << registration.status() << "\n";
    return 1;
  }

  int signal = 0;
  sigwait(&stop_signals, &signal);
  if (absl::Status status = registration->Cancel(); !status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  return 0;
}
