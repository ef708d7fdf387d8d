// SPDX-License-Identifier: Apache-2.0

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "naming/balancer/p2c.h"
#include "naming/balancer/round_robin.h"
#include "naming/balancer/weighted_round_robin.h"
#include "naming/discovery/client.h"
#include "naming/grpc/channel.h"
#include "naming/grpc/retry.h"
#include "naming/node/discovery_node.h"
#include "tests/grpc/fleet.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

// Servers are stopped, killed and started again while four threads call them;
// the registry is a discovery node.
namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::EchoReply;
using test::EchoRequest;

struct Node {
  static std::unique_ptr<node::DiscoveryNode> Start() {
    node::DiscoveryNodeOptions options;
    options.listen = "127.0.0.1:0";
    return node::DiscoveryNode::Start(options).value();
  }

  const std::unique_ptr<node::DiscoveryNode> node = Start();
};

// With a node of its own.
struct NodeFleet : Node, Fleet {
  explicit NodeFleet(int size, GrpcOptions options = {})
      : Fleet(node->address(), size, std::move(options)) {}
};

void CheckGracefulCycles(std::function<std::unique_ptr<Balancer>()> maker) {
  GrpcOptions options;
  options.balanced.make_balancer = std::move(maker);
  NodeFleet fleet(6, options);
  Load load([&](std::uint64_t number) { return fleet.Call(number); });
  fleet.StopAndStart(load);
  load.Stop();
  CHECK(load.FailuresText() == "");
}

TEST_CASE("Servers that stop in good order fail no call, in turns",
          "[grpc][chaos]") {
  CheckGracefulCycles(Maker<balancer::RoundRobin>());
}

TEST_CASE("Servers that stop in good order fail no call, by weight",
          "[grpc][chaos]") {
  CheckGracefulCycles(Maker<balancer::WeightedRoundRobin>());
}

TEST_CASE("Servers that stop in good order fail no call, by p2c",
          "[grpc][chaos]") {
  CheckGracefulCycles(Maker<balancer::P2c>());
}

TEST_CASE("Servers that are killed fail no call that is tried again",
          "[grpc][chaos]") {
  NodeFleet fleet(3);
  Load load([&](std::uint64_t number) { return fleet.CallWithRetry(number); });
  fleet.KillAndStart(load, 12);
  load.Stop();
  CHECK(load.FailuresText() == "");
}

TEST_CASE("A server that is killed fails calls with UNAVAILABLE alone",
          "[grpc][chaos]") {
  NodeFleet fleet(3);
  Load load([&](std::uint64_t number) { return fleet.Call(number); });
  fleet.KillAndStart(load, 6);
  load.Stop();
  int count = 0;
  for (const auto& [failure, times] : load.failures()) {
    CAPTURE(failure);
    CHECK(failure.substr(0, 3) == "14:");
    count += times;
  }
  // Those in flight, and those of the moment until that is known.
  CHECK(count < static_cast<int>(load.calls() / 10));
}

TEST_CASE("While all servers are out, calls are not multiplied",
          "[grpc][chaos]") {
  NodeFleet fleet(3);
  for (const auto& server : fleet.servers) server->Kill();
  std::atomic<std::uint64_t> attempts{0};
  Load load([&](std::uint64_t number) {
    return CallWithRetry(*fleet.channel, GrpcRetryOptions(), seconds(30),
                         [&](grpc::ClientContext& context) {
                           ++attempts;
                           return fleet.Call(context, number);
                         });
  });
  CHECK(load.Await(1000));
  load.Stop();
  const auto calls = static_cast<double>(load.calls());
  CHECK(static_cast<double>(attempts) <= 1.2 * calls);
  for (const auto& server : fleet.servers) server->Start();
  fleet.AwaitConnected();
  CHECK(fleet.Call(1).ok());
}

TEST_CASE("Calls that wait fail in no outage of all servers", "[grpc][chaos]") {
  GrpcOptions options;
  options.block_until_ready = true;
  NodeFleet fleet(3, options);
  // They die one after the other, and each may take an attempt with it.
  GrpcRetryOptions retry;
  retry.attempts = 5;
  Load load([&](std::uint64_t number) {
    return CallWithRetry(*fleet.channel, retry, seconds(30),
                         [&](grpc::ClientContext& context) {
                           context.set_wait_for_ready(true);
                           return fleet.Call(context, number);
                         });
  });
  for (int round = 0; round < 4; ++round) {
    for (const auto& server : fleet.servers) server->Kill();
    REQUIRE(Eventually([&] {
      return fleet.channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE;
    }));
    for (const auto& server : fleet.servers) server->Start();
    fleet.AwaitConnected();
    CHECK(load.Await(500));
  }
  load.Stop();
  CHECK(load.FailuresText() == "");
}

// Returns how many calls were lost on a server that hangs, of a fleet of three,
// with a deadline of 100 ms. Nothing is ejected: this is what the Balancer does
// alone.
int LostOnAHungServer(std::function<std::unique_ptr<Balancer>()> maker) {
  GrpcOptions options;
  options.balanced.make_balancer = std::move(maker);
  options.balanced.ejection.max_share = 0;
  NodeFleet fleet(3, options);
  const std::string hung = fleet.servers[0]->address();
  std::atomic<int> lost{0};
  Load load([&](std::uint64_t number) {
    GrpcCallScope scope(*fleet.channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + milliseconds(100));
    const grpc::Status status = fleet.Call(context, number);
    if (!status.ok() && scope.picked() == hung) ++lost;
    return status;
  });
  CHECK(load.Await(500));
  fleet.servers[0]->process().Signal(SIGSTOP);
  const auto end = std::chrono::steady_clock::now() + seconds(4);
  Eventually([&] { return std::chrono::steady_clock::now() > end; });
  fleet.servers[0]->process().Signal(SIGCONT);
  load.Stop();
  return lost;
}

TEST_CASE("p2c loses few calls on a server that hangs", "[grpc][chaos]") {
  const int in_turns = LostOnAHungServer(Maker<balancer::RoundRobin>());
  const int by_p2c = LostOnAHungServer(Maker<balancer::P2c>());
  CAPTURE(in_turns);
  CAPTURE(by_p2c);
  CHECK(in_turns >= 40);
  CHECK(by_p2c * 10 <= in_turns);
}

TEST_CASE("Ejection keeps turns from a server that hangs", "[grpc][chaos]") {
  GrpcOptions options;
  options.balanced.make_balancer = Maker<balancer::RoundRobin>();
  NodeFleet fleet(3, options);
  Load load([&](std::uint64_t number) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + milliseconds(100));
    return fleet.Call(context, number);
  });
  fleet.servers[0]->process().Signal(SIGSTOP);
  CHECK(Eventually([&] { return fleet.channel->stats().ejected == 1; }));
  fleet.servers[0]->process().Signal(SIGCONT);
  load.Stop();
}

// Returns which share of a thousand calls, made by four threads to a fleet of
// three, goes to the one that takes 50 ms.
double ShareOfASlowServer(std::function<std::unique_ptr<Balancer>()> maker) {
  GrpcOptions options;
  options.balanced.make_balancer = std::move(maker);
  options.balanced.ejection.max_share = 0;
  NodeFleet fleet(3, options);
  const std::string slow = fleet.servers[0]->address();
  std::atomic<int> slow_calls{0};
  EchoRequest request;
  request.set_delay_ms(50);
  request.set_delayed(slow);
  Load load([&](std::uint64_t /*number*/) {
    grpc::ClientContext context;
    context.set_deadline(EchoClient::Soon());
    EchoReply reply;
    const grpc::Status status = fleet.stub->Say(&context, request, &reply);
    if (reply.server() == slow) ++slow_calls;
    return status;
  });
  CHECK(load.Await(1000));
  load.Stop();
  CHECK(load.FailuresText() == "");
  return slow_calls / static_cast<double>(load.calls());
}

// What four threads get done hangs on nothing but this share.
TEST_CASE("p2c calls on while a server is slow", "[grpc][chaos]") {
  const double in_turns = ShareOfASlowServer(Maker<balancer::RoundRobin>());
  const double by_p2c = ShareOfASlowServer(Maker<balancer::P2c>());
  CAPTURE(in_turns);
  CHECK(in_turns > 0.3);
  CHECK(by_p2c * 5 <= in_turns);
}

TEST_CASE("A client that starts first calls who registers first",
          "[grpc][chaos]") {
  node::DiscoveryNodeOptions node_options;
  node_options.listen = "127.0.0.1:0";
  const auto node = node::DiscoveryNode::Start(node_options).value();
  discovery::ClientOptions client_options;
  client_options.nodes = {node->address()};
  const auto client = discovery::Client::Create(client_options).value();
  GrpcOptions options;
  options.block_until_ready = true;
  const auto channel =
      GrpcChannel::Create(*client, "discovery:///demo", options).value();
  const auto stub = test::Echo::NewStub(channel);
  grpc::Status status;
  EchoReply reply;
  std::atomic<bool> has_begun{false};
  std::thread caller([&] {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(EchoClient::Soon());
    has_begun = true;
    status = stub->Say(&context, EchoRequest(), &reply);
  });
  CHECK(Eventually([&] { return has_begun.load(); }));
  const EchoProcess server("127.0.0.1", {node->address(), "1"});
  caller.join();
  CHECK(status.ok());
  CHECK(reply.server() == server.address());
}

}  // namespace
}  // namespace naming::testing
