// SPDX-License-Identifier: Apache-2.0

#include "naming/grpc/retry.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "grpc/retry_budget.h"
#include "tests/grpc/echo_client.h"
#include "tests/grpc/echo_process.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::EchoReply;
using test::EchoRequest;

// Three servers, which answer UNAVAILABLE.
struct RetryFleet : EchoClient {
  RetryFleet() {
    std::vector<std::string> addresses;
    for (int i = 0; i < 3; ++i) {
      servers.push_back(std::make_unique<EchoProcess>());
      addresses.push_back(servers.back()->address());
    }
    List(addresses);
    REQUIRE(Eventually([&] { return connected() == 3; }));
  }

  // Calls, asking for `status` until `good` is the attempt's number; notes whom
  // each attempt went to.
  grpc::Status Call(int status, int good = 1000) {
    tried.clear();
    return CallWithRetry(
        *channel, options, timeout, [&](grpc::ClientContext& context) {
          EchoRequest request;
          EchoReply reply;
          const int attempt = static_cast<int>(tried.size()) + 1;
          if (attempt < good) request.set_status(status);
          const grpc::Status result = stub->Say(&context, request, &reply);
          tried.push_back(context.peer());
          return result;
        });
  }

  std::vector<std::unique_ptr<EchoProcess>> servers;
  GrpcRetryOptions options;
  milliseconds timeout = seconds(30);
  std::vector<std::string> tried;
};

TEST_CASE("Each attempt goes to somebody else", "[grpc]") {
  RetryFleet fleet;
  const grpc::Status status = fleet.Call(grpc::StatusCode::UNAVAILABLE);
  CHECK(status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(status.error_message() == "as it was asked for");
  CHECK(fleet.tried.size() == 3);
  CHECK(std::set<std::string>(fleet.tried.begin(), fleet.tried.end()).size() ==
        3);

  // When all were tried, they are tried again.
  fleet.options.attempts = 5;
  CHECK(fleet.Call(grpc::StatusCode::UNAVAILABLE, 5).ok());
  CHECK(fleet.tried.size() == 5);

  fleet.options.attempts = 3;
  fleet.options.pick.avoid = {fleet.servers[0]->address()};
  CHECK(fleet.Call(grpc::StatusCode::UNAVAILABLE, 2).ok());
  CHECK(fleet.tried.size() == 2);
  for (const std::string& peer : fleet.tried) {
    CHECK(peer != "ipv4:" + fleet.servers[0]->address());
  }
}

TEST_CASE("Only what the caller lets be tried again is", "[grpc]") {
  RetryFleet fleet;
  for (const int status :
       {grpc::StatusCode::CANCELLED, grpc::StatusCode::DEADLINE_EXCEEDED,
        grpc::StatusCode::INTERNAL, grpc::StatusCode::NOT_FOUND}) {
    CHECK(fleet.Call(status).error_code() == status);
    CHECK(fleet.tried.size() == 1);
  }
  fleet.options.codes.push_back(grpc::StatusCode::INTERNAL);
  CHECK(fleet.Call(grpc::StatusCode::INTERNAL, 2).ok());
  CHECK(fleet.tried.size() == 2);
  fleet.options.attempts = 1;
  CHECK_FALSE(fleet.Call(grpc::StatusCode::UNAVAILABLE, 2).ok());
  CHECK(fleet.tried.size() == 1);
}

TEST_CASE("Attempts end with the time for all of them", "[grpc]") {
  RetryFleet fleet;
  fleet.timeout = milliseconds(50);
  fleet.options.backoff = seconds(60);
  fleet.options.max_backoff = seconds(60);
  CHECK(fleet.Call(grpc::StatusCode::UNAVAILABLE).error_code() ==
        grpc::StatusCode::UNAVAILABLE);
  CHECK(fleet.tried.size() == 1);

  // Each has what is left.
  fleet.timeout = seconds(20);
  fleet.options.backoff = milliseconds(1);
  std::vector<std::chrono::system_clock::time_point> deadlines;
  CallWithRetry(*fleet.channel, fleet.options, fleet.timeout,
                [&](grpc::ClientContext& context) {
                  deadlines.push_back(context.deadline());
                  return grpc::Status(grpc::StatusCode::UNAVAILABLE, "no");
                });
  REQUIRE(deadlines.size() == 3);
  CHECK(deadlines[0] == deadlines[2]);
}

TEST_CASE("Without an endpoint it tries again, too", "[grpc]") {
  const EchoProcess server;
  EchoClient client;
  GrpcRetryOptions options;
  options.attempts = 100;
  int attempts = 0;
  const grpc::Status status = CallWithRetry(
      *client.channel, options, seconds(30), [&](grpc::ClientContext& context) {
        if (++attempts == 2) client.List({server.address()});
        EchoReply reply;
        return client.stub->Say(&context, EchoRequest(), &reply);
      });
  CHECK(status.ok());
  CHECK(attempts >= 2);
}

TEST_CASE("Retries have a budget", "[grpc]") {
  rpc::RetryBudget budget;
  int retries = 0;
  while (budget.TakeRetry()) ++retries;
  CHECK(retries == 50);
  budget.OnSuccess();
  CHECK(budget.TakeRetry());
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(budget.TakeRetry());
    budget.OnSuccess();
  }
  CHECK(budget.TakeRetry());
  for (int i = 0; i < 2000; ++i) budget.OnSuccess();
  retries = 0;
  while (budget.TakeRetry()) ++retries;
  CHECK(retries == 50);
}

TEST_CASE("While all servers are out, calls are hardly multiplied", "[grpc]") {
  RetryFleet fleet;
  fleet.options.backoff = milliseconds(1);
  fleet.options.max_backoff = milliseconds(1);
  constexpr int kCalls = 600;
  std::size_t attempts = 0;
  for (int i = 0; i < kCalls; ++i) {
    CHECK_FALSE(fleet.Call(grpc::StatusCode::UNAVAILABLE).ok());
    attempts += fleet.tried.size();
  }
  CHECK(attempts > kCalls);
  CHECK(static_cast<double>(attempts) <= 1.2 * kCalls);
}

}  // namespace
}  // namespace naming::testing
