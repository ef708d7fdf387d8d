// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_GRPC_FLEET_H_
#define NAMING_TESTS_GRPC_FLEET_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "naming/grpc/channel.h"
#include "naming/grpc/retry.h"
#include "tests/grpc/echo_client.h"
#include "tests/grpc/echo_process.h"
#include "tests/grpc/load.h"
#include "tests/grpc/registry_client.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::testing {

template <typename BalancerType>
std::function<std::unique_ptr<Balancer>()> Maker() {
  return [] { return std::make_unique<BalancerType>(); };
}

// How long servers serve on: a registry in this process, clients that hold
// polls, and machines that are busy with other tests.
inline constexpr char kPropagation[] = "1500";

// Servers that are registered in the registry at `location`, see
// RegistryClient, and a channel that is connected to all of them.
class Fleet {
 public:
  Fleet(const std::string& location, int size, GrpcOptions options)
      : client_(location) {
    for (int i = 0; i < size; ++i) {
      servers.push_back(std::make_unique<EchoProcess>(
          "127.0.0.1", std::vector<std::string>{location, kPropagation}));
    }
    channel = GrpcChannel::Create(client_.builder(), client_.TargetOf("demo"),
                                  std::move(options))
                  .value();
    stub = test::Echo::NewStub(channel);
    AwaitConnected();
  }

  void AwaitConnected() {
    REQUIRE(Eventually([&] {
      std::size_t connected = 0;
      for (const GrpcPeer& peer : channel->peers()) {
        connected += peer.state == GRPC_CHANNEL_READY ? 1 : 0;
      }
      return connected == servers.size();
    }));
  }

  // Calls once: one in eight calls takes a while.
  grpc::Status Call(grpc::ClientContext& context, std::uint64_t number) const {
    test::EchoRequest request;
    if (number % 8 == 0) request.set_delay_ms(20);
    test::EchoReply reply;
    return stub->Say(&context, request, &reply);
  }

  grpc::Status Call(std::uint64_t number) const {
    grpc::ClientContext context;
    context.set_deadline(EchoClient::Soon());
    return Call(context, number);
  }

  grpc::Status CallWithRetry(std::uint64_t number,
                             const GrpcRetryOptions& options = {}) const {
    return naming::CallWithRetry(
        *channel, options, std::chrono::seconds(30),
        [&](grpc::ClientContext& context) { return Call(context, number); });
  }

  // Under `load`, twelve servers stop in good order, three of six at a time,
  // and start again.
  void StopAndStart(Load& load) {
    for (std::size_t round = 0; round < 4; ++round) {
      for (std::size_t i = 0; i < 3; ++i) {
        servers[(round * 3 + i) % 6]->process().Signal(SIGTERM);
      }
      for (std::size_t i = 0; i < 3; ++i) {
        EchoProcess& server = *servers[(round * 3 + i) % 6];
        CHECK(server.process().Wait() == 0);
        server.Start();
      }
      AwaitConnected();
      CHECK(load.Await(200));
    }
  }

  // Under `load`, servers are killed one by one, and start again.
  void KillAndStart(Load& load, std::size_t rounds) {
    for (std::size_t round = 0; round < rounds; ++round) {
      EchoProcess& server = *servers[round % servers.size()];
      server.Kill();
      CHECK(load.Await(200));
      server.Start();
      AwaitConnected();
      CHECK(load.Await(100));
    }
  }

  std::vector<std::unique_ptr<EchoProcess>> servers;
  std::shared_ptr<GrpcChannel> channel;
  std::unique_ptr<test::Echo::Stub> stub;

 private:
  const RegistryClient client_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_GRPC_FLEET_H_
