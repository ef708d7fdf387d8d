// SPDX-License-Identifier: Apache-2.0

#include "naming/http/client.h"

#include <memory>
#include <string>

#include "naming/direct/client.h"
#include "naming/testing/fake_backend.h"
#include "tests/support/catch.h"
#include "tests/support/raw_server.h"

namespace naming::http {
namespace {

constexpr std::chrono::seconds kLong{30};

std::string ErrorOf(Builder& builder, const std::string& target,
                    ClientOptions options = {}) {
  const auto client = Client::Create(builder, target, std::move(options));
  CHECK(client.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(client.status().message());
}

TEST_CASE("An HTTP client is refused for what is malformed", "[http]") {
  const auto backend = testing::FakeBackend::Create();
  CHECK(ErrorOf(*backend, "no target") != "");
  CHECK(ErrorOf(*backend, "fake:///demo?scheme=grpc") ==
        "http: target demo: scheme: must be http or https");
  CHECK(ErrorOf(*backend, "fake:///a/b").find("http: options.host: ") == 0);
  ClientOptions options;
  options.max_attempts = 0;
  CHECK(ErrorOf(*backend, "fake:///demo", options).find("max_attempts") !=
        std::string::npos);
  options = ClientOptions();
  options.choice.make_balancer = [] { return nullptr; };
  CHECK(ErrorOf(*backend, "fake:///demo", options) != "");

  options = ClientOptions();
  options.host = "demo.example.org";
  CHECK(Client::Create(*backend, "fake:///a/b", options).ok());
  options.host.clear();
  options.host_mode = HostMode::kInstance;
  CHECK(Client::Create(*backend, "fake:///a/b", options).ok());
}

TEST_CASE("A malformed request is refused by name, unsent", "[http]") {
  const auto backend = testing::FakeBackend::Create();
  const auto client = Client::Create(*backend, "fake:///demo").value();
  const auto response = client->Get("x");
  CHECK(response.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(response.status().message()) ==
        "http: request to demo: request.path: must begin with '/' and be "
        "percent-encoded");
}

TEST_CASE("An HTTP client without instances says so", "[http]") {
  const auto backend = testing::FakeBackend::Create();
  const auto client = Client::Create(*backend, "fake:///demo").value();
  CHECK(client->Get("/").status().code() == absl::StatusCode::kUnavailable);
  CHECK(client->Pick().status().code() == absl::StatusCode::kUnavailable);
  CHECK_FALSE(client->WaitReady(std::chrono::milliseconds(0)).ok());
}

TEST_CASE("An HTTP client works with any backend, and outlives it", "[http]") {
  testing::RawServer server(testing::AnswerWith("well"));
  direct::ClientOptions direct_options;
  direct_options.addr_scheme = "http";
  auto backend = direct::Client::Create(direct_options).value();
  Builders builders;
  REQUIRE(builders.Add(std::move(backend)).ok());
  ClientOptions options;
  options.timeout = kLong;
  options.host = "demo";
  auto client = Client::Create(
      builders, "direct:///127.0.0.1:" + std::to_string(server.port()),
      options);
  REQUIRE(client.ok());
  REQUIRE((*client)->WaitReady(kLong).ok());
  builders = Builders();
  const auto response = (*client)->Get("/");
  REQUIRE(response.ok());
  CHECK(response->body == "well");
  CHECK(server.requests().back().Header("Host") == "demo");
}

TEST_CASE("A certificate file that can't be read is the caller's error",
          "[http]") {
  testing::RawServer server(testing::AnswerWith("well"));
  direct::ClientOptions direct_options;
  direct_options.addr_scheme = "https";
  const auto backend = direct::Client::Create(direct_options).value();
  ClientOptions options;
  options.timeout = kLong;
  options.host = "demo";
  options.ca_file = "/does/not/exist.pem";
  const auto client =
      Client::Create(*backend,
                     "direct:///127.0.0.1:" + std::to_string(server.port()) +
                         "?scheme=https",
                     options)
          .value();
  REQUIRE(client->WaitReady(kLong).ok());
  const auto response = client->Get("/");
  CHECK(response.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(client->stats().ejections == 0);
}

}  // namespace
}  // namespace naming::http
