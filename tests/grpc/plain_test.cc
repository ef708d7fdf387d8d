// SPDX-License-Identifier: Apache-2.0
// The component as it is without NAMING_GRPC_FACADE.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "echo.grpc.pb.h"
#include "naming/balancer/round_robin.h"
#include "naming/grpc/channel.h"
#include "naming/grpc/retry.h"
#include "naming/testing/fake_backend.h"
#include "tests/grpc/echo_process.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::EchoReply;
using test::EchoRequest;

static_assert(!std::is_base_of_v<grpc::ChannelInterface, GrpcChannel>);

constexpr milliseconds kGenerous = seconds(30);

// Three servers, and a channel that takes turns among them.
struct PlainFleet {
  PlainFleet() {
    GrpcOptions options;
    options.balanced.make_balancer = [] {
      return std::make_unique<balancer::RoundRobin>();
    };
    channel = GrpcChannel::Create(*backend, "fake:///demo", options).value();
  }

  void Start() {
    std::vector<Instance> instances;
    for (int i = 0; i < 3; ++i) {
      servers.push_back(std::make_unique<EchoProcess>());
      Instance instance;
      instance.app_id = "demo";
      instance.hostname = "h" + std::to_string(i);
      instance.addrs = {"grpc://" + servers.back()->address()};
      instances.push_back(instance);
    }
    backend->SetInstances("demo", instances);
    REQUIRE(Eventually([&] {
      std::size_t connected = 0;
      for (const GrpcPeer& peer : channel->peers()) {
        connected += peer.state == GRPC_CHANNEL_READY ? 1 : 0;
      }
      return connected == 3;
    }));
  }

  // One attempt to call, which asks for `status`.
  static grpc::Status Say(grpc::ClientContext& context,
                          const std::shared_ptr<grpc::Channel>& to,
                          grpc::StatusCode status = grpc::StatusCode::OK) {
    const auto stub = test::Echo::NewStub(to);
    EchoRequest request;
    request.set_status(status);
    EchoReply reply;
    return stub->Say(&context, request, &reply);
  }

  std::unique_ptr<FakeBackend> backend = FakeBackend::Create();
  std::vector<std::unique_ptr<EchoProcess>> servers;
  std::shared_ptr<GrpcChannel> channel;
};

TEST_CASE("Without the facade, calls go to whom Pick() returns", "[grpc]") {
  PlainFleet fleet;
  CHECK(fleet.channel->GetState(true) == GRPC_CHANNEL_CONNECTING);
  CHECK(fleet.channel->Pick().status().code() ==
        absl::StatusCode::kUnavailable);
  fleet.Start();
  REQUIRE(fleet.channel->WaitReady(kGenerous).ok());
  std::multiset<std::string> picked;
  for (int i = 0; i < 30; ++i) {
    auto pick = fleet.channel->Pick();
    REQUIRE(pick.ok());
    grpc::ClientContext context;
    const grpc::Status status = PlainFleet::Say(context, pick->channel());
    pick->Done(status);
    CHECK(status.ok());
    CHECK(context.peer() == "ipv4:" + pick->endpoint().address);
    picked.insert(pick->endpoint().address);
  }
  for (const auto& server : fleet.servers) {
    CHECK(picked.count(server->address()) == 10);
  }
}

TEST_CASE("Without the facade, each attempt goes to somebody else", "[grpc]") {
  PlainFleet fleet;
  std::set<std::string> tried;
  const auto call = [&tried](grpc::ClientContext& context,
                             const std::shared_ptr<grpc::Channel>& to) {
    const bool is_last = tried.size() == 2;
    const grpc::Status status = PlainFleet::Say(
        context, to,
        is_last ? grpc::StatusCode::OK : grpc::StatusCode::UNAVAILABLE);
    tried.insert(context.peer());
    return status;
  };
  const grpc::Status none =
      CallWithRetry(*fleet.channel, GrpcRetryOptions(), kGenerous, call);
  CHECK(none.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK_THAT(none.error_message(), Catch::Contains("no list has come yet"));
  CHECK(tried.empty());

  fleet.Start();
  CHECK(
      CallWithRetry(*fleet.channel, GrpcRetryOptions(), kGenerous, call).ok());
  CHECK(tried.size() == 3);
}

}  // namespace
}  // namespace naming::testing
