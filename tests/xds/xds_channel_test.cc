// SPDX-License-Identifier: Apache-2.0
// gRPC's own xds:/// channels, unmodified, follow a registry.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "echo.grpc.pb.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "naming/testing/fake_backend.h"
#include "naming/xds/server.h"
#include "tests/grpc/echo_process.h"
#include "tests/grpc/load.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/xds/reader.h"
#include "tests/xds/raw_stream.h"

namespace naming::testing {
namespace {

using test::EchoReply;
using test::EchoRequest;

std::chrono::system_clock::time_point Soon() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

// A stub of an xds:/// channel.
class XdsStub final {
 public:
  XdsStub(const xds::Server& server, const std::string& app_id,
          const std::string& zone = "") {
    grpc::ChannelArguments arguments;
    // The environment's is one for the whole process.
    arguments.SetString(
        "grpc.TEST_ONLY_DO_NOT_USE_IN_PROD.xds_bootstrap_config",
        server.Bootstrap("test", zone));
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    stub_ = test::Echo::NewStub(grpc::CreateCustomChannel(
        "xds:///" + app_id, grpc::InsecureChannelCredentials(), arguments));
  }

  // Calls; returns who answered, or why nobody did.
  std::string Say(bool waits = true) const {
    EchoReply reply;
    const grpc::Status status = Call(waits, &reply);
    return status.ok() ? reply.server() : "failed: " + status.error_message();
  }

  grpc::Status Call(bool waits = false, EchoReply* reply = nullptr) const {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    context.set_wait_for_ready(waits);
    EchoReply unused;
    return stub_->Say(&context, EchoRequest(),
                      reply == nullptr ? &unused : reply);
  }

 private:
  std::unique_ptr<test::Echo::Stub> stub_;
};

struct XdsFixture {
  XdsFixture() {
    options.listen = "unix:" + directory.File("xds.sock");
    server = xds::Server::Start(*backend, options).value();
  }

  static Instance At(const EchoProcess& server, const std::string& weight = "",
                     const std::string& zone = "") {
    Instance instance;
    instance.app_id = "demo";
    instance.hostname = server.address();
    instance.addrs = {"grpc://" + server.address()};
    instance.zone = zone;
    if (!weight.empty()) instance.metadata["weight"] = weight;
    return instance;
  }

  void List(const std::vector<Instance>& instances) const {
    backend->SetInstances("demo", instances);
  }

  // Returns how many of so many calls each server got.
  static std::map<std::string, int> Count(const XdsStub& stub, int calls) {
    std::map<std::string, int> counts;
    for (int i = 0; i < calls; ++i) ++counts[stub.Say()];
    return counts;
  }

  const TemporaryDirectory directory;
  const std::unique_ptr<FakeBackend> backend = FakeBackend::Create();
  xds::ServerOptions options;
  std::unique_ptr<xds::Server> server;
};

TEST_CASE("A channel follows who comes and goes", "[xds][grpc]") {
  XdsFixture f;
  const EchoProcess one;
  const EchoProcess two;
  f.List({XdsFixture::At(one)});
  const XdsStub stub(*f.server, "demo");
  CHECK(stub.Say() == one.address());
  f.List({XdsFixture::At(one), XdsFixture::At(two)});
  CHECK(Eventually([&] { return stub.Say() == two.address(); }));
  f.List({XdsFixture::At(two)});
  CHECK(Eventually([&] {
    return XdsFixture::Count(stub, 10) ==
           std::map<std::string, int>{{two.address(), 10}};
  }));
  CHECK(f.server->stats().refusals == 0);
  CHECK(f.server->stats().streams == 1);
}

TEST_CASE("Calls wait while an application is empty, and go on when it isn't",
          "[xds][grpc]") {
  XdsFixture f;
  f.List({});
  const EchoProcess server;
  const XdsStub stub(*f.server, "demo");
  CHECK_THAT(stub.Say(false), Catch::StartsWith("failed: "));
  std::string answered;
  std::thread caller([&] { answered = stub.Say(); });
  f.List({XdsFixture::At(server)});
  caller.join();
  CHECK(answered == server.address());
  f.List({});
  CHECK(Eventually([&] { return stub.Say(false) != server.address(); }));
  CHECK(f.server->stats().refusals == 0);
}

TEST_CASE("Calls go by weight, and by its changes", "[xds][grpc]") {
  XdsFixture f;
  const EchoProcess a;
  const EchoProcess b;
  const EchoProcess c;
  f.List({XdsFixture::At(a, "30"), XdsFixture::At(b, "10"),
          XdsFixture::At(c, "10")});
  const XdsStub stub(*f.server, "demo");
  // Localities are drawn at random: 5 standard deviations are about 55.
  const auto is_near = [&](double share_of_a) {
    const int count = XdsFixture::Count(stub, 500)[a.address()];
    return std::abs(count - share_of_a * 500) < 60;
  };
  CHECK(Eventually([&] { return is_near(0.6); }));
  f.List({XdsFixture::At(a, "10"), XdsFixture::At(b, "10"),
          XdsFixture::At(c, "80")});
  CHECK(Eventually([&] { return is_near(0.1); }));
}

TEST_CASE("A client's own zone is called as long as anybody is there",
          "[xds][grpc]") {
  XdsFixture f;
  const EchoProcess near;
  const EchoProcess far;
  f.List({XdsFixture::At(near, "", "z1"), XdsFixture::At(far, "", "z2")});
  const XdsStub stub(*f.server, "demo", "z1");
  const XdsStub other(*f.server, "demo", "z2");
  CHECK(XdsFixture::Count(stub, 20) ==
        std::map<std::string, int>{{near.address(), 20}});
  CHECK(other.Say() == far.address());
  f.List({XdsFixture::At(far, "", "z2")});
  CHECK(Eventually([&] { return stub.Say() == far.address(); }));
}

TEST_CASE("Applications share a stream", "[xds][grpc]") {
  XdsFixture f;
  const EchoProcess one;
  const EchoProcess two;
  f.List({XdsFixture::At(one)});
  Instance other = XdsFixture::At(two);
  other.app_id = "other";
  f.backend->SetInstances("other", {other});
  const XdsStub stub(*f.server, "demo");
  const XdsStub second(*f.server, "other");
  CHECK(stub.Say() == one.address());
  CHECK(second.Say() == two.address());
  CHECK(stub.Say() == one.address());
}

TEST_CASE("While the xDS server is away the last list stays in force",
          "[xds][grpc]") {
  XdsFixture f;
  const EchoProcess one;
  const EchoProcess two;
  f.List({XdsFixture::At(one)});
  const XdsStub stub(*f.server, "demo");
  CHECK(stub.Say() == one.address());
  f.server.reset();
  for (int i = 0; i < 20; ++i) CHECK(stub.Say(false) == one.address());
  f.List({XdsFixture::At(two)});
  f.server = xds::Server::Start(*f.backend, f.options).value();
  CHECK(Eventually([&] { return stub.Say() == two.address(); }));
}

TEST_CASE("Servers that stop in good order fail no call", "[xds][grpc]") {
  node::DiscoveryNodeOptions node_options;
  node_options.listen = "127.0.0.1:0";
  const auto node = node::DiscoveryNode::Start(node_options).value();
  discovery::ClientOptions client_options;
  client_options.nodes = {node->address()};
  const auto client = discovery::Client::Create(client_options).value();
  xds::ServerOptions options;
  options.listen = "127.0.0.1:0";
  const auto server = xds::Server::Start(*client, options).value();
  {
    // The node says that it knows no such application.
    RawStream stream(server->address());
    CHECK(stream.Subscribe(xds::Type::kEndpoints, {"demo"}));
    const auto response = stream.Read();
    REQUIRE(response);
    CHECK(xds::Get(*response, "2.2.2").empty());
  }
  const XdsStub stub(*server, "demo");
  std::vector<std::unique_ptr<EchoProcess>> servers;
  for (int i = 0; i < 6; ++i) {
    servers.push_back(std::make_unique<EchoProcess>(
        "127.0.0.1", std::vector<std::string>{node->address(), "1500"}));
  }
  const auto are_called = [&] {
    return Eventually(
        [&] { return XdsFixture::Count(stub, 24).size() == servers.size(); });
  };
  REQUIRE(are_called());
  Load load([&](std::uint64_t /*number*/) { return stub.Call(); });
  for (std::size_t round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < 3; ++i) {
      servers[(round * 3 + i) % 6]->process().Signal(SIGTERM);
    }
    for (std::size_t i = 0; i < 3; ++i) {
      EchoProcess& echo = *servers[(round * 3 + i) % 6];
      CHECK(echo.process().Wait() == 0);
      echo.Start();
    }
    CHECK(are_called());
  }
  load.Stop();
  CHECK(load.FailuresText() == "");
}

}  // namespace
}  // namespace naming::testing
