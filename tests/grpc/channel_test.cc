// SPDX-License-Identifier: Apache-2.0

#include "naming/grpc/channel.h"

#include <dirent.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "grpc/state_follower.h"
#include "naming/balancer/weighted_round_robin.h"
#include "tests/grpc/echo_client.h"
#include "tests/grpc/echo_process.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

// What a GrpcChannel does as lists change and connections come and go.
namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using test::EchoReply;
using test::EchoRequest;

int OpenDescriptors() {
  int count = 0;
  DIR* const dir = opendir("/proc/self/fd");
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
}

grpc::Status WaitingCall(const EchoClient& client, EchoReply* reply) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(EchoClient::Soon());
  return client.stub->Say(&context, EchoRequest(), reply);
}

TEST_CASE("A client that starts before any server calls the first one",
          "[grpc]") {
  GrpcOptions options;
  options.block_until_ready = true;
  const EchoClient client(options);

  SECTION("with a call that waits") {
    EchoReply reply;
    grpc::Status status;
    std::thread caller([&] { status = WaitingCall(client, &reply); });
    const EchoProcess server;
    const auto registration =
        client.backend->Register(EchoClient::InstanceAt(server.address()));
    caller.join();
    CHECK(status.ok());
    CHECK(reply.server() == server.address());
  }
  SECTION("after WaitReady()") {
    const EchoProcess server;
    const auto registration =
        client.backend->Register(EchoClient::InstanceAt(server.address()));
    REQUIRE(client.channel->WaitReady(std::chrono::seconds(30)).ok());
    CHECK(client.channel->GetState(false) == GRPC_CHANNEL_READY);
    CHECK(client.Say().ok());
  }
}

TEST_CASE("A call without an endpoint fails at once and says why", "[grpc]") {
  EchoClient client;
  const auto message = [&client] {
    const grpc::Status status = client.Say();
    CHECK(status.error_code() == grpc::StatusCode::UNAVAILABLE);
    return status.error_message();
  };
  CHECK(message() == "naming: pick demo: no list has come yet");
  CHECK(client.channel->GetState(true) == GRPC_CHANNEL_CONNECTING);
  CHECK(client.channel->Pick().status().code() ==
        absl::StatusCode::kUnavailable);

  Instance instance = EchoClient::InstanceAt("127.0.0.1:1");
  instance.addrs = {"http://127.0.0.1:1"};
  client.backend->SetInstances("demo", {instance});
  CHECK(Eventually([&] {
    return client.Say().error_message() ==
           "naming: pick demo: none of its 1 instances fits";
  }));
  CHECK(client.channel->WaitReady(milliseconds(1)).code() ==
        absl::StatusCode::kDeadlineExceeded);
}

TEST_CASE("A call to servers that can't be reached fails with the reason",
          "[grpc]") {
  EchoProcess server;
  server.Kill();
  EchoClient client;
  client.List({server.address()});
  REQUIRE(Eventually([&] {
    return client.channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE;
  }));
  const grpc::Status status = client.Say();
  CHECK(status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK_THAT(status.error_message(), Catch::Contains("onnect"));
  const absl::Status waited = client.channel->WaitReady(milliseconds(1));
  CHECK(waited.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK_THAT(std::string(waited.message()),
             Catch::Contains("none of 1 endpoints"));
  server.Start();
  CHECK(client.channel->WaitReady(std::chrono::seconds(30)).ok());
}

TEST_CASE("Nobody is called before it is connected", "[grpc]") {
  EchoProcess dead;
  dead.Kill();
  const EchoProcess server;
  EchoClient client;
  client.List({server.address()});
  REQUIRE(client.channel->WaitReady(std::chrono::seconds(30)).ok());
  client.List({dead.address(), server.address()});
  for (int i = 0; i < 50; ++i) CHECK(client.Say().ok());
  REQUIRE(Eventually([&] { return client.channel->peers().size() == 2; }));
  for (int i = 0; i < 50; ++i) CHECK(client.Say().ok());
  dead.Start();
  CHECK(Eventually([&] { return client.connected() == 2; }));
}

TEST_CASE("A call in flight ends well though its server leaves the list",
          "[grpc]") {
  const EchoProcess server;
  const EchoProcess other;
  EchoClient client;
  client.List({server.address()});
  REQUIRE(client.channel->WaitReady(std::chrono::seconds(30)).ok());
  grpc::Status status;
  std::atomic<bool> has_ended{false};
  std::thread caller([&] {
    EchoRequest request;
    request.set_delay_ms(400);
    status = client.Say(request);
    has_ended = true;
  });
  client.List({other.address()});
  CHECK(Eventually([&] {
    const auto peers = client.channel->peers();
    return peers.size() == 1 && peers[0].endpoint.address == other.address();
  }));
  caller.join();
  CHECK(status.ok());
}

TEST_CASE("Updates that keep an address keep its connection", "[grpc]") {
  const EchoProcess first;
  const EchoProcess second;
  GrpcOptions options = EchoClient::RoundRobinOptions();
  options.balanced.make_balancer = [] {
    return std::make_unique<balancer::WeightedRoundRobin>();
  };
  EchoClient client(options);
  std::map<std::string, std::set<std::string>> peers;
  for (int i = 0; i < 20; ++i) {
    std::vector<Instance> instances;
    for (const EchoProcess* server : {&first, &second}) {
      Instance instance = EchoClient::InstanceAt(server->address());
      instance.metadata["weight"] = std::to_string(10 + i);
      instances.push_back(instance);
    }
    // One that comes and goes.
    if (i % 2 == 1) instances.push_back(EchoClient::InstanceAt("127.0.0.1:1"));
    client.backend->SetInstances("demo", instances);
    REQUIRE(Eventually([&] {
      for (const GrpcPeer& peer : client.channel->peers()) {
        if (peer.endpoint.weight == 10 + i) return client.connected() == 2;
      }
      return false;
    }));
    for (int k = 0; k < 4; ++k) {
      EchoReply reply;
      REQUIRE(client.Say(EchoRequest(), &reply).ok());
      peers[reply.server()].insert(reply.peer());
    }
  }
  CHECK(peers[first.address()].size() == 1);
  CHECK(peers[second.address()].size() == 1);
}

TEST_CASE("Descriptors of those that left are given back", "[grpc]") {
  // One server with fifty addresses.
  const EchoProcess server("0.0.0.0");
  std::vector<std::string> addresses;
  for (int i = 1; i <= 50; ++i) {
    addresses.push_back("127.0.1." + std::to_string(i) + ":" +
                        std::to_string(server.port()));
  }
  EchoClient client;
  client.List({addresses[0]});
  REQUIRE(Eventually([&] { return client.connected() == 1; }));
  const int base = OpenDescriptors();
  const int pending = rpc::StateFollower::Get().pending();

  for (int round = 0; round < 2; ++round) {
    client.List(addresses);
    REQUIRE(Eventually([&] { return client.connected() == 50; }));
    CHECK(OpenDescriptors() >= base + 49);
    for (int i = 0; i < 100; ++i) CHECK(client.Say().ok());
    client.List({addresses[0]});
    CHECK(Eventually([&] { return OpenDescriptors() <= base; }));
  }
  CHECK(Eventually(
      [&] { return rpc::StateFollower::Get().pending() == pending; }));
}

TEST_CASE("Nothing is left when a channel is gone", "[grpc]") {
  const EchoProcess server;
  REQUIRE(Eventually([] { return rpc::StateFollower::Get().pending() == 0; }));
  {
    EchoClient client;
    client.List({server.address(), "127.0.0.1:1"});
    REQUIRE(client.channel->WaitReady(std::chrono::seconds(30)).ok());
    CHECK(client.Say().ok());
  }
  CHECK(Eventually([] { return rpc::StateFollower::Get().pending() == 0; }));
}

TEST_CASE("A thread that called once and idles keeps no connection open",
          "[grpc]") {
  const EchoProcess first;
  const EchoProcess second;
  EchoClient client;
  client.List({first.address()});
  REQUIRE(Eventually([&] { return client.connected() == 1; }));
  std::atomic<bool> has_called{false};
  std::atomic<bool> ends{false};
  std::thread idle([&] {
    client.Say();
    has_called = true;
    Eventually([&] { return ends.load(); });
  });
  REQUIRE(Eventually([&] { return has_called.load(); }));
  const int before = OpenDescriptors();
  client.List({second.address()});
  // One is opened, one closed.
  CHECK(Eventually([&] {
    const auto peers = client.channel->peers();
    return peers.size() == 1 && peers[0].endpoint.address == second.address() &&
           client.connected() == 1 && OpenDescriptors() <= before;
  }));
  ends = true;
  idle.join();
}

TEST_CASE("Calls go by weight and by color, and avoid whom they are told to",
          "[grpc]") {
  const EchoProcess a;
  const EchoProcess b;
  const EchoProcess c;
  GrpcOptions options = EchoClient::RoundRobinOptions();
  options.balanced.make_balancer = [] {
    return std::make_unique<balancer::WeightedRoundRobin>();
  };
  EchoClient client(options);
  Instance heavy = EchoClient::InstanceAt(a.address());
  heavy.metadata["weight"] = "30";
  Instance red = EchoClient::InstanceAt(c.address());
  red.metadata["color"] = "red";
  client.backend->SetInstances(
      "demo", {heavy, EchoClient::InstanceAt(b.address()), red});
  REQUIRE(Eventually([&] { return client.connected() == 3; }));
  const auto call = [&client] {
    EchoReply reply;
    REQUIRE(client.Say(EchoRequest(), &reply).ok());
    return reply.server();
  };

  std::map<std::string, int> calls;
  for (int i = 0; i < 400; ++i) ++calls[call()];
  CHECK(calls[a.address()] == 300);
  CHECK(calls[b.address()] == 100);

  PickOptions wish;
  wish.color = "red";
  {
    const GrpcCallScope scope(*client.channel, wish);
    CHECK(scope.picked().empty());
    for (int i = 0; i < 10; ++i) CHECK(call() == c.address());
    CHECK(scope.picked() == c.address());
    {
      PickOptions other;
      other.avoid = {a.address()};
      const GrpcCallScope inner(*client.channel, other);
      for (int i = 0; i < 10; ++i) CHECK(call() == b.address());
    }
    CHECK(call() == c.address());
    // It is for calls of this channel alone.
    EchoClient elsewhere;
    elsewhere.List({b.address()});
    REQUIRE(elsewhere.channel->WaitReady(std::chrono::seconds(30)).ok());
    CHECK(elsewhere.Say().ok());
    CHECK(scope.picked() == c.address());
  }
  CHECK(call() != c.address());
}

TEST_CASE("Statuses are outcomes: who fails is left out for a while",
          "[grpc]") {
  const EchoProcess first;
  const EchoProcess second;
  GrpcOptions options;
  options.balanced.ejection.consecutive_failures = 3;
  EchoClient client(options);
  client.List({first.address(), second.address()});
  REQUIRE(Eventually([&] { return client.connected() == 2; }));

  const auto fail = [&client](const EchoProcess& good, int status) {
    PickOptions wish;
    wish.avoid = {good.address()};
    const GrpcCallScope scope(*client.channel, wish);
    EchoRequest request;
    request.set_status(status);
    CHECK(client.Say(request).error_code() == status);
  };
  for (int i = 0; i < 10; ++i) fail(second, grpc::StatusCode::NOT_FOUND);
  CHECK(client.channel->stats().ejected == 0);
  for (int i = 0; i < 3; ++i) fail(second, grpc::StatusCode::INTERNAL);
  for (int i = 0; i < 50; ++i) {
    EchoReply reply;
    CHECK(client.Say(EchoRequest(), &reply).ok());
    CHECK(reply.server() == second.address());
  }
  CHECK(client.channel->stats().ejected == 1);
  int left_out = 0;
  for (const GrpcPeer& peer : client.channel->peers()) {
    left_out += peer.is_chosen_from ? 0 : 1;
  }
  CHECK(left_out == 1);
}

TEST_CASE("A call without a deadline gets the default one", "[grpc]") {
  GrpcOptions options = EchoClient::RoundRobinOptions();
  options.default_timeout = milliseconds(50);
  const EchoProcess server;
  EchoClient client(options);
  client.List({server.address()});
  REQUIRE(client.channel->WaitReady(std::chrono::seconds(30)).ok());
  grpc::ClientContext context;
  EchoRequest request;
  request.set_delay_ms(60'000);
  EchoReply reply;
  CHECK(client.stub->Say(&context, request, &reply).error_code() ==
        grpc::StatusCode::DEADLINE_EXCEEDED);
  request.set_delay_ms(100);
  CHECK(client.Say(request).ok());
}

TEST_CASE("Changes of state can be waited for", "[grpc]") {
  EchoClient client;
  grpc::CompletionQueue queue;
  const auto next = [&queue](std::intptr_t expected) {
    void* tag = nullptr;
    bool is_ok = false;
    REQUIRE(queue.Next(&tag, &is_ok));
    CHECK(reinterpret_cast<std::intptr_t>(tag) == expected);
    return is_ok;
  };
  const auto tag = [](std::intptr_t number) {
    return reinterpret_cast<void*>(number);
  };
  const auto now = std::chrono::system_clock::now();
  client.channel->NotifyOnStateChange(GRPC_CHANNEL_CONNECTING, now, &queue,
                                      tag(1));
  CHECK_FALSE(next(1));
  CHECK_FALSE(client.channel->WaitForStateChange(GRPC_CHANNEL_CONNECTING, now));
  client.channel->NotifyOnStateChange(GRPC_CHANNEL_READY, EchoClient::Soon(),
                                      &queue, tag(2));
  CHECK(next(2));
  client.channel->NotifyOnStateChange(GRPC_CHANNEL_CONNECTING,
                                      EchoClient::Soon(), &queue, tag(3));

  const EchoProcess server;
  client.List({server.address()});
  CHECK(client.channel->WaitForConnected(EchoClient::Soon()));
  CHECK(next(3));

  // Whoever still waits when the channel goes is told.
  client.channel->NotifyOnStateChange(GRPC_CHANNEL_READY, EchoClient::Soon(),
                                      &queue, tag(4));
  client.stub.reset();
  client.channel.reset();
  CHECK(next(4));
}

TEST_CASE("Options that make no sense are refused", "[grpc]") {
  const auto refusal = [](const GrpcOptions& options) {
    const auto backend = FakeBackend::Create();
    return std::string(GrpcChannel::Create(*backend, "fake:///demo", options)
                           .status()
                           .message());
  };
  GrpcOptions options;
  CHECK(refusal(options).empty());
  options.min_backoff = milliseconds(5000);
  CHECK(refusal(options) ==
        "grpc: options.min_backoff: must be in [100ms, max_backoff]");
  options = GrpcOptions();
  options.default_timeout = milliseconds(-1);
  CHECK(refusal(options) ==
        "grpc: options.default_timeout: must be in [0ms, 24h]");
  options = GrpcOptions();
  options.balanced.subset = -1;
  CHECK(refusal(options) == "balanced: options.subset: must be in [0, 100000]");
  options = GrpcOptions();
  options.balanced.make_balancer = [] { return nullptr; };
  CHECK(refusal(options) == "balanced: options.make_balancer returned null");
}

}  // namespace
}  // namespace naming::testing
