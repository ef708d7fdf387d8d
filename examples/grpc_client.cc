// SPDX-License-Identifier: Apache-2.0
// Calls the instances of demo.greeter as fast as it can, through one stub, and
// prints once a second which server answered how often, until Ctrl-C.
//
//   example-grpc_client --nodes=127.0.0.1:7171

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "greeter.grpc.pb.h"
#include "naming/balancer/round_robin.h"
#include "naming/discovery/client.h"
#include "naming/grpc/channel.h"
#include "naming/grpc/retry.h"

volatile std::sig_atomic_t has_to_stop = 0;
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
  const auto stop = [](int) { has_to_stop = 1; };
  for (int signal : {SIGINT, SIGTERM}) std::signal(signal, stop);

  auto client = naming::discovery::Client::Create(options);
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  naming::GrpcOptions choice;  // In turns; the default is p2c.
  choice.balanced.make_balancer = [] {
    return std::make_unique<naming::balancer::RoundRobin>();
  };
  auto channel = naming::GrpcChannel::Create(
      **client, "discovery://default/demo.greeter?subset=50", choice);
  if (!channel.ok()) {
    std::cerr << channel.status() << "\n";
    return 1;
  }
  auto stub = demo::Greeter::NewStub(*channel);
  absl::Status ready = (*channel)->WaitReady(std::chrono::seconds(10));
  if (!ready.ok()) std::cerr << ready << "\n";

  std::map<std::string, int> calls;  // By server, or by failure.
  auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (has_to_stop == 0) {
    std::string server;
    grpc::Status status = naming::CallWithRetry(
        **channel, naming::GrpcRetryOptions(), std::chrono::seconds(1),
        [&](grpc::ClientContext& context) {
          demo::HelloReply reply;
          grpc::Status attempt = stub->SayHello(&context, {}, &reply);
          server = context.peer();
          return attempt;
        });
    ++calls[status.ok() ? server : "failed: " + status.error_message()];
    if (std::chrono::steady_clock::now() < next) continue;
    next += std::chrono::seconds(1);
    std::cout << "--\n";
    for (auto& [who, count] : calls) std::cout << who << "  " << count << "\n";
    std::cout << std::flush;
    calls.clear();
  }
  return 0;
}
