// SPDX-License-Identifier: Apache-2.0

#include "naming/grpc/serving.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/own_host.h"
#include "tests/grpc/echo_client.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using test::EchoReply;
using test::EchoRequest;

// Answers when it is let go.
class HeldService final : public test::Echo::Service {
 public:
  grpc::Status Say(grpc::ServerContext* context, const EchoRequest* request,
                   EchoReply* reply) override {
    has_begun = true;
    if (request->text() == "wait") {
      Eventually([&] { return is_let_go || context->IsCancelled(); });
    }
    reply->set_text("done");
    return grpc::Status::OK;
  }

  std::atomic<bool> has_begun{false};
  std::atomic<bool> is_let_go{false};
};

struct Serving {
  explicit Serving(GrpcServingOptions options = Quick()) {
    builder.RegisterService(&service);
    Instance instance;
    instance.app_id = "demo";
    instance.hostname = "h";
    instance.addrs = {"http://127.0.0.1:80", "grpc://127.0.0.1:1"};
    serving = GrpcServing::Start(*client.backend, instance, builder, options);
  }

  static GrpcServingOptions Quick() {
    GrpcServingOptions options;
    options.listen = "127.0.0.1:0";
    options.life.propagation = milliseconds(1);
    options.life.grace = std::chrono::seconds(30);
    return options;
  }

  EchoClient client;
  HeldService service;
  grpc::ServerBuilder builder;
  absl::StatusOr<std::unique_ptr<GrpcServing>> serving =
      absl::UnknownError("not started");
};

TEST_CASE("What serves is registered where it listens", "[grpc]") {
  Serving serving;
  REQUIRE(serving.serving.ok());
  GrpcServing& server = **serving.serving;
  CHECK(server.state().is_registered);
  CHECK(server.address() != "127.0.0.1:0");
  CHECK(server.instance().addrs ==
        std::vector<std::string>{"http://127.0.0.1:80",
                                 "grpc://" + server.address()});
  REQUIRE(serving.client.channel->WaitReady(std::chrono::seconds(30)).ok());
  CHECK(serving.client.Say().ok());
}

TEST_CASE("A call that has begun ends well when the server stops", "[grpc]") {
  Serving serving;
  REQUIRE(serving.serving.ok());
  REQUIRE(serving.client.channel->WaitReady(std::chrono::seconds(30)).ok());
  grpc::Status status;
  std::thread caller([&] {
    EchoRequest request;
    request.set_text("wait");
    status = serving.client.Say(request);
  });
  REQUIRE(Eventually([&] { return serving.service.has_begun.load(); }));
  std::thread stopper([&] { (*serving.serving)->Stop().IgnoreError(); });
  CHECK(Eventually(
      [&] { return serving.client.backend->instances("demo").empty(); }));
  serving.service.is_let_go = true;
  caller.join();
  stopper.join();
  CHECK(status.ok());
}

TEST_CASE("A server that listens everywhere registers an address of others'",
          "[grpc]") {
  GrpcServingOptions options = Serving::Quick();
  options.listen = "0.0.0.0:0";

  SECTION("its own") {
    Serving serving(options);
    if (base::OwnHost().empty()) {
      CHECK(serving.serving.status().code() ==
            absl::StatusCode::kFailedPrecondition);
      return;
    }
    REQUIRE(serving.serving.ok());
    CHECK((*serving.serving)->address().find(base::OwnHost()) !=
          std::string::npos);
    REQUIRE(serving.client.channel->WaitReady(std::chrono::seconds(30)).ok());
    CHECK(serving.client.Say().ok());
  }
  SECTION("the one that it is told") {
    options.advertised_host = "::1";
    Serving serving(options);
    REQUIRE(serving.serving.ok());
    CHECK((*serving.serving)->address().substr(0, 6) == "[::1]:");
  }
}

TEST_CASE("A server that can't listen isn't registered", "[grpc]") {
  GrpcServingOptions options = Serving::Quick();

  SECTION("nowhere") {
    options.listen = "127.0.0.1";
    CHECK(Serving(options).serving.status().code() ==
          absl::StatusCode::kInvalidArgument);
  }
  SECTION("elsewhere") {
    options.listen = "192.0.2.1:0";
    Serving serving(options);
    CHECK(serving.serving.status().message() ==
          "grpc: serve: can't listen on 192.0.2.1:0");
    CHECK(serving.client.backend->instances("demo").empty());
  }
}

TEST_CASE("The health service says when a server has left", "[grpc]") {
  grpc::EnableDefaultHealthCheckService(true);
  Serving serving;
  grpc::EnableDefaultHealthCheckService(false);
  REQUIRE(serving.serving.ok());
  GrpcServing& server = **serving.serving;
  REQUIRE(server.server().GetHealthCheckService() != nullptr);
  CHECK(server.Stop().ok());
}

}  // namespace
}  // namespace naming::testing
