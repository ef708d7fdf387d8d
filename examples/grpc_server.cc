// SPDX-License-Identifier: Apache-2.0
// A gRPC server on a free port, which registers itself as an instance of
// demo.greeter. On SIGTERM or Ctrl-C it leaves the registry, serves on until
// its clients know, and ends: none of their calls fails.
//
//   example-grpc_server --nodes=127.0.0.1:7171

#include <grpcpp/grpcpp.h>

#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>

#include "greeter.grpc.pb.h"
#include "naming/discovery/client.h"
#include "naming/grpc/serving.h"

class GreeterService final : public demo::Greeter::Service {
 public:
  grpc::Status SayHello(grpc::ServerContext*, const demo::HelloRequest* request,
                        demo::HelloReply* reply) override {
    reply->set_text("hello, " + request->name());
    return grpc::Status::OK;
  }
};

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

  naming::BlockStopSignals();  // Before there are threads.
  auto client = naming::discovery::Client::Create(options);
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }

  GreeterService greeter;
  grpc::ServerBuilder builder;
  builder.RegisterService(&greeter);
  naming::Instance instance;
  instance.app_id = "demo.greeter";
  naming::GrpcServingOptions serving_options;
  serving_options.listen = "127.0.0.1:0";  // "0.0.0.0:0" for other machines.
  auto serving = naming::GrpcServing::Start(**client, std::move(instance),
                                            builder, serving_options);
  if (!serving.ok()) {
    std::cerr << serving.status() << "\n";
    return 1;
  }
  std::cout << "serving at " << (*serving)->address() << std::endl;

  absl::Status status = (*serving)->Run();  // Until SIGTERM or Ctrl-C.
  if (!status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  std::cout << "stopped\n";
  return 0;
}
