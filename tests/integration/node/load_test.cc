// SPDX-License-Identifier: Apache-2.0

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/url.h"
#include "naming/node/discovery_node.h"
#include "node/event_loop.h"
#include "node/http_server.h"
#include "node/listen_socket.h"
#include "tests/integration/node/plain_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"

// What a node must stand, in miniature; bench-node does it at full size.
namespace naming::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;
using testing::RawClient;

constexpr int kPollers = 300;

// Longer than it takes a client to send a request that it means to send.
constexpr milliseconds kIdle{500};

bool Register(RawClient& client, const std::string& app_id,
              const std::string& hostname) {
  if (!client.Post("/discovery/register",
                   absl::StrFormat("zone=zone01&env=dev&appid=%s&hostname=%s&"
                                   "status=1&addrs=grpc%%3A%%2F%%2F10.0.0.7",
                                   app_id, hostname))) {
    return false;
  }
  const auto answer = client.ReadAnswer();
  return answer && answer->body.find("{\"code\":0,") == 0;
}

std::string PollTarget(const std::string& app_id, int number) {
  return absl::StrFormat(
      "/discovery/polls?env=dev&appid=%s&hostname=p%d&latest_timestamp=0",
      app_id, number);
}

std::ptrdiff_t CountPolls(const DiscoveryNode& node, RequestOutcome outcome) {
  const auto requests = node.requests();
  return std::count_if(requests.begin(), requests.end(),
                       [outcome](const ReceivedRequest& request) {
                         return request.path == "/discovery/polls" &&
                                request.outcome == outcome;
                       });
}

// Polls that a node holds, for an application that there isn't yet.
std::vector<RawClient> HoldPolls(const DiscoveryNode& node,
                                 const std::string& app_id) {
  std::vector<RawClient> pollers;
  for (int i = 0; i < kPollers; ++i) {
    pollers.emplace_back(node.address());
    REQUIRE(pollers.back().Get(PollTarget(app_id, i)));
  }
  REQUIRE(Eventually(
      [&] { return CountPolls(node, RequestOutcome::kPending) == kPollers; }));
  return pollers;
}

TEST_CASE("A change reaches every poller while others register", "[load]") {
  const auto node = StartPlainNode();
  auto pollers = HoldPolls(*node, "demo.app");
  std::atomic<bool> is_over{false};
  auto registrants = std::async(std::launch::async, [&] {
    RawClient client(node->address());
    int failures = 0;
    for (int i = 0; i < 100 || !is_over; ++i) {
      const bool is_done = Register(client, "other", std::to_string(i % 100));
      if (!is_done && ++failures > 10) break;
    }
    return failures;
  });
  RawClient provider(node->address());
  CHECK(Register(provider, "demo.app", "h1"));
  int told = 0;
  for (RawClient& poller : pollers) {
    const auto answer = poller.ReadAnswer();
    if (answer &&
        answer->body.find("\"hostname\":\"h1\"") != std::string::npos) {
      ++told;
    }
  }
  is_over = true;
  CHECK(told == kPollers);
  CHECK(registrants.get() == 0);
}

TEST_CASE("Polls whose clients vanish are forgotten, and nobody suffers",
          "[load]") {
  const auto node = StartPlainNode();
  auto pollers = HoldPolls(*node, "demo.app");
  RawClient stays(node->address());
  REQUIRE(stays.Get(PollTarget("demo.app", kPollers)));
  SECTION("with a RST") {
    for (RawClient& poller : pollers) poller.Reset();
  }
  SECTION("with a FIN") { pollers.clear(); }
  CHECK(Eventually(
      [&] { return CountPolls(*node, RequestOutcome::kDropped) == kPollers; }));
  RawClient provider(node->address());
  CHECK(Register(provider, "demo.app", "h1"));
  CHECK(stays.ReadAnswer());
}

// An HTTP server with limits of its own.
class LimitedServer {
 public:
  explicit LimitedServer(HttpLimits limits,
                         std::shared_ptr<const std::string> body = nullptr)
      : loop_(EventLoop::Create()) {
    auto socket = ListenSocket::Open({"127.0.0.1", 0});
    REQUIRE(socket.ok());
    address_ = socket->address().ToString();
    server_ = HttpServer::Create(
        *loop_, *std::move(socket),
        [this, body = std::move(body)](
            RequestId, const Request& request) -> std::optional<Response> {
          if (request.target == "/hold") {
            ++held_;
            return std::nullopt;
          }
          Response response;
          response.body = body;
          ++answered_;
          return response;
        },
        [this](RequestId) { ++dropped_; }, limits);
    REQUIRE(server_ != nullptr);
    loop_->Start("server");
  }

  ~LimitedServer() { loop_->Stop(); }

  const std::string& address() const { return address_; }
  int answered() const { return answered_; }
  int held() const { return held_; }
  int dropped() const { return dropped_; }

 private:
  std::atomic<int> answered_{0};
  std::atomic<int> held_{0};
  std::atomic<int> dropped_{0};
  std::string address_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<HttpServer> server_;
};

TEST_CASE("A connection that sends nothing is closed", "[load]") {
  HttpLimits limits;
  limits.idle = kIdle;
  const LimitedServer server(limits);
  RawClient client(server.address());
  SECTION("before its first request") {}
  SECTION("in the middle of a request's header") {
    REQUIRE(client.Send("GET /fetch HTTP/1.1\r\nHos"));
  }
  SECTION("in the middle of a request's body") {
    REQUIRE(client.Send(
        "POST /register HTTP/1.1\r\nHost: node\r\nContent-Length: 9\r\n\r\na"));
  }
  SECTION("after an answer") {
    REQUIRE(client.Get("/fetch"));
    REQUIRE(client.ReadAnswer());
  }
  CHECK(client.ReadToEnd() == "");
}

TEST_CASE("A held poll outlives the limit for silence, and is watched still",
          "[load]") {
  HttpLimits limits;
  limits.idle = kIdle;
  const LimitedServer server(limits);
  RawClient held(server.address());
  REQUIRE(held.Get("/hold"));
  REQUIRE(Eventually([&] { return server.held() == 1; }));
  // Two that come later and one after another are closed before it is.
  for (int i = 0; i < 2; ++i) {
    RawClient idle(server.address());
    CHECK(idle.ReadToEnd() == "");
  }
  CHECK(server.dropped() == 0);
  held.Reset();
  CHECK(Eventually([&] { return server.dropped() == 1; }));
}

TEST_CASE("A client that doesn't read its answer is dropped", "[load]") {
  HttpLimits limits;
  limits.stuck = milliseconds(50);
  // More than the system buffers for it.
  const auto body = std::make_shared<const std::string>(32 << 20, 'x');
  const LimitedServer server(limits, body);
  RawClient stuck(server.address(), 4096);
  REQUIRE(stuck.Get("/fetch/all"));
  REQUIRE(Eventually([&] { return server.answered() == 1; }));
  // The body is the server's, ours, and each answer's until it is taken or its
  // connection is closed.
  CHECK(Eventually([&] { return body.use_count() == 2; }));
  const auto rest = stuck.ReadToEnd();
  REQUIRE(rest);
  CHECK(rest->size() < body->size());
}

TEST_CASE("Stuck clients share the memory of their answer, and delay nobody",
          "[load]") {
  const auto body = std::make_shared<const std::string>(8 << 20, 'x');
  const LimitedServer server({}, body);
  std::vector<RawClient> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.emplace_back(server.address(), 4096);
    REQUIRE(stuck.back().Get("/fetch/all"));
    // A request that comes before the answer is taken has to wait.
    REQUIRE(stuck.back().Get("/fetch/all"));
  }
  CHECK(Eventually([&] { return body.use_count() == 22; }));
  RawClient reading(server.address());
  REQUIRE(reading.Get("/fetch/all"));
  const auto answer = reading.ReadAnswer();
  REQUIRE(answer);
  CHECK(answer->body == *body);
}

TEST_CASE("Accepted connections are bounded, and checked for dead peers",
          "[load]") {
  auto socket = ListenSocket::Open({"127.0.0.1", 0});
  REQUIRE(socket.ok());
  const RawClient client(socket->address().ToString());
  const int listening = socket->Release();
  int fd = -1;
  REQUIRE(Eventually([&] {
    fd = accept(listening, nullptr, nullptr);
    return fd != -1;
  }));
  const auto option = [fd](int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    getsockopt(fd, level, name, &value, &size);
    return value;
  };
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  const int seconds_to_notice =
      option(IPPROTO_TCP, TCP_KEEPIDLE) +
      option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT);
  CHECK(seconds_to_notice == 120);
  CHECK(option(IPPROTO_TCP, TCP_NODELAY) == 1);
  // What a slow reader ties up, which the system would let grow to megabytes.
  CHECK(option(SOL_SOCKET, SO_SNDBUF) <= 256 * 1024);
  close(fd);
  close(listening);
}

}  // namespace
}  // namespace naming::node
