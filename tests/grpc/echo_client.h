// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_GRPC_ECHO_CLIENT_H_
#define NAMING_TESTS_GRPC_ECHO_CLIENT_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "echo.grpc.pb.h"
#include "naming/balancer/round_robin.h"
#include "naming/grpc/channel.h"
#include "naming/instance.h"
#include "naming/testing/fake_backend.h"

namespace naming::testing {

// A registry in memory, and a channel that follows "demo" there.
struct EchoClient {
  explicit EchoClient(GrpcOptions options = RoundRobinOptions()) {
    channel = GrpcChannel::Create(*backend, "fake:///demo", std::move(options))
                  .value();
    stub = test::Echo::NewStub(channel);
  }

  // Turns, without ejection.
  static GrpcOptions RoundRobinOptions() {
    GrpcOptions options;
    options.balanced.make_balancer = [] {
      return std::make_unique<balancer::RoundRobin>();
    };
    options.balanced.ejection.max_share = 0;
    return options;
  }

  static Instance InstanceAt(const std::string& address) {
    Instance instance;
    instance.app_id = "demo";
    instance.hostname = address;
    instance.addrs = {"grpc://" + address};
    return instance;
  }

  // Makes these the whole list.
  void List(const std::vector<std::string>& addresses) {
    std::vector<Instance> instances;
    for (const std::string& address : addresses) {
      instances.push_back(InstanceAt(address));
    }
    backend->SetInstances("demo", instances);
  }

  // How many are connected.
  std::size_t connected() const {
    std::size_t count = 0;
    for (const GrpcPeer& peer : channel->peers()) {
      count += peer.state == GRPC_CHANNEL_READY ? 1 : 0;
    }
    return count;
  }

  // Calls once, with a generous deadline.
  grpc::Status Say(const test::EchoRequest& request = {},
                   test::EchoReply* reply = nullptr) const {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    test::EchoReply unused;
    return stub->Say(&context, request, reply == nullptr ? &unused : reply);
  }

  static std::chrono::system_clock::time_point Soon() {
    return std::chrono::system_clock::now() + std::chrono::seconds(30);
  }

  std::unique_ptr<FakeBackend> backend = FakeBackend::Create();
  std::shared_ptr<GrpcChannel> channel;
  std::unique_ptr<test::Echo::Stub> stub;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_GRPC_ECHO_CLIENT_H_
