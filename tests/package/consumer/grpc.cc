// SPDX-License-Identifier: Apache-2.0
// Makes a gRPC channel for an application that has no instance yet, and serves
// it to others.

#include <grpcpp/generic/generic_stub.h>

#include <iostream>

#include "naming/grpc/channel.h"
#include "naming/testing/fake_backend.h"
#include "naming/xds/server.h"

int main() {
  const auto fake = naming::testing::FakeBackend::Create();
  const auto channel =
      naming::GrpcChannel::Create(*fake, "fake:///demo.greeter");
  if (!channel.ok()) {
    std::cerr << channel.status() << "\n";
    return 1;
  }
#if NAMING_GRPC_FACADE
  const grpc::GenericStub stub(*channel);
#endif
  naming::xds::ServerOptions options;
  options.listen = "127.0.0.1:0";
  const auto server = naming::xds::Server::Start(*fake, options);
  if (!server.ok()) {
    std::cerr << server.status() << "\n";
    return 1;
  }
  return (*channel)->peers().empty() ? 0 : 1;
}
