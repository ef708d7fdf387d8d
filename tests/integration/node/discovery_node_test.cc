// SPDX-License-Identifier: Apache-2.0
// A whole node over real sockets. What it answers is compared with what the
// real server sent, byte for byte but for times.

#include "naming/node/discovery_node.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::node {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::BodyOf;
using testing::Eventually;
using testing::Exchange;
using testing::HttpGet;
using testing::HttpPost;
using testing::Masked;
using testing::TcpConnection;

constexpr const char* kOk = R"({"code":0,"message":"0","ttl":1})";
constexpr const char* kNotModified =
    R"({"code":-304,"message":"-304","ttl":1})";

std::unique_ptr<DiscoveryNode> StartNode(DiscoveryNodeOptions options = {}) {
  options.region = "sh";
  options.zone = "sh001";
  if (options.hostname.empty()) options.hostname = "node1";
  auto node = DiscoveryNode::Start(std::move(options));
  INFO(node.status());
  REQUIRE(node.ok());
  return *std::move(node);
}

std::string RegisterForm(const std::string& app_id,
                         const std::string& hostname) {
  return "zone=sh001&env=dev&status=1&addrs=http%3A%2F%2F127.0.0.1%3A8000"
         "&appid=" +
         app_id + "&hostname=" + hostname;
}

void Register(const DiscoveryNode& node, const std::string& app_id,
              const std::string& hostname) {
  REQUIRE(BodyOf(Exchange(node.address(),
                          HttpPost("/discovery/register",
                                   RegisterForm(app_id, hostname)))) == kOk);
}

std::string Fetch(const DiscoveryNode& node, const std::string& app_id) {
  return BodyOf(
      Exchange(node.address(),
               HttpGet("/discovery/fetch?env=dev&status=1&appid=" + app_id)));
}

std::string PollTarget(const std::string& app_id) {
  return "/discovery/polls?env=dev&hostname=p&appid=" + app_id +
         "&latest_timestamp=9000000000000000000";
}

bool IsServing(const DiscoveryNode& node) {
  return BodyOf(Exchange(node.address(), HttpGet("/discovery/nodes")))
             .find("\"code\":0") != std::string::npos;
}

TEST_CASE("An answer has the headers of the real server", "[node]") {
  const auto node = StartNode();
  const std::string nodes = R"({"code":0,"message":"0","ttl":1,"data":[)"
                            R"({"addr":")" +
                            node->address() +
                            R"(","status":0,"zone":"sh001"}]})";
  CHECK(Masked(Exchange(node->address(), HttpGet("/discovery/nodes"))) ==
        "HTTP/1.1 200 OK\n"
        "Content-Type: application/json; charset=utf-8\n"
        "Kratos-Status-Code: 0\n"
        "Kratos-Trace-Id: \n"
        "Date: D\n"
        "Content-Length: " +
            std::to_string(nodes.size()) + "\n\n" + nodes);
}

TEST_CASE("Arguments that don't bind give no status code header", "[node]") {
  const auto node = StartNode();
  CHECK(Masked(Exchange(
            node->address(),
            HttpGet("/discovery/fetch?env=dev&appid=demo.app&status=abc"))) ==
        "HTTP/1.1 200 OK\n"
        "Content-Type: application/json; charset=utf-8\n"
        "Kratos-Trace-Id: \n"
        "Date: D\n"
        "Content-Length: 84\n\n"
        R"({"code":-400,"message":"strconv.ParseUint: parsing \"abc\": )"
        R"(invalid syntax","ttl":1})");
}

TEST_CASE("An unknown path and a wrong method are told in text", "[node]") {
  const auto node = StartNode();
  CHECK(Masked(Exchange(node->address(), HttpGet("/discovery/nodes/"))) ==
        "HTTP/1.1 404 Not Found\n"
        "Content-Type: text/plain\n"
        "Kratos-Trace-Id: \n"
        "Date: D\n"
        "Content-Length: 18\n\n"
        "404 page not found");
  const std::string not_allowed =
      "HTTP/1.1 405 Method Not Allowed\n"
      "Content-Type: text/plain\n"
      "Kratos-Trace-Id: \n"
      "Date: D\n"
      "Content-Length: 18\n\n";
  CHECK(Masked(Exchange(node->address(), HttpGet("/discovery/renew?a=b"))) ==
        not_allowed + "Method Not Allowed");
  TcpConnection head(node->address());
  head.Send("HEAD /discovery/nodes HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(Masked(head.ReadAnswer(true)) == not_allowed);
  for (const std::string method : {"PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
                                   "CONNECT", "PROPFIND", "BREW", "get"}) {
    CAPTURE(method);
    CHECK(Masked(Exchange(node->address(),
                          method + " /discovery/nodes HTTP/1.1\r\n\r\n")) ==
          not_allowed + "Method Not Allowed");
  }
}

TEST_CASE("A request's line and header may have a mebibyte", "[node]") {
  const auto node = StartNode();
  const std::string fetch =
      "/discovery/fetch?env=dev&status=1&appid=" + std::string(540'000, 'a');
  CHECK(BodyOf(Exchange(node->address(), HttpGet(fetch))).find("-404") !=
        std::string::npos);
  const std::string too_large =
      "HTTP/1.1 431 Request Header Fields Too Large\n"
      "Content-Type: text/plain; charset=utf-8\n"
      "Connection: close\n"
      "Date: D\n"
      "Content-Length: 35\n\n"
      "431 Request Header Fields Too Large";
  TcpConnection query(node->address());
  query.Send(HttpGet(fetch + std::string(540'000, 'a')));
  CHECK(Masked(query.ReadAnswer()) == too_large);
  CHECK(query.IsClosed());
  CHECK(Masked(Exchange(
            node->address(),
            HttpGet("/discovery/nodes", "X: " + std::string(1'080'000, 'x') +
                                            "\r\n"))) == too_large);
  // What is larger still isn't read.
  TcpConnection larger(node->address());
  larger.Send(HttpGet(fetch + std::string(3'000'000, 'a')));
  const std::string refusal = larger.ReadAnswer();
  CHECK((refusal.empty() || refusal.find("HTTP/1.1 400 ") == 0));
  CHECK(larger.IsClosed());
  CHECK(IsServing(*node));
}

TEST_CASE("A register that the real server forgets to answer is empty",
          "[node]") {
  const auto node = StartNode();
  CHECK(Masked(Exchange(node->address(),
                        HttpPost("/discovery/register",
                                 "status=3&" + RegisterForm("a", "h")))) ==
        "HTTP/1.1 200 OK\n"
        "Kratos-Trace-Id: \n"
        "Date: D\n"
        "Content-Length: 0\n\n");
}

TEST_CASE("A body of more than 2 KiB comes in chunks", "[node]") {
  const auto node = StartNode();
  for (int i = 0; i < 4; ++i) {
    Register(*node, "a", "h" + std::to_string(i));
  }
  const std::string request =
      HttpGet("/discovery/fetch?env=dev&appid=a&status=1");
  std::string answer = Exchange(node->address(), request);
  const std::string small = BodyOf(answer);
  CHECK(small.size() <= 2048);
  CHECK(answer.find("Transfer-Encoding") == std::string::npos);
  for (int i = 4; i < 50; ++i) {
    Register(*node, "a", "h" + std::to_string(i));
  }
  answer = Masked(Exchange(node->address(), request));
  CHECK(answer.find("Date: D\nTransfer-Encoding: chunked\n\n") !=
        std::string::npos);
  CHECK(answer.find("Content-Length") == std::string::npos);
  const std::string body = BodyOf(Exchange(node->address(), request));
  CHECK(body.size() > 15000);
  CHECK(body.substr(0, 40) == small.substr(0, 40));
  CHECK(body.find(R"("hostname":"h49")") != std::string::npos);
  CHECK(body.back() == '}');
}

TEST_CASE("An old client gets a large body in one piece", "[node]") {
  const auto node = StartNode();
  for (int i = 0; i < 20; ++i) {
    Register(*node, "a", "h" + std::to_string(i));
  }
  const std::string answer = Exchange(
      node->address(),
      "GET /discovery/fetch?env=dev&appid=a&status=1 HTTP/1.0\r\n\r\n");
  CHECK(answer.find("HTTP/1.0 200 OK") == 0);
  CHECK(answer.find("chunked") == std::string::npos);
  CHECK(BodyOf(answer).find(R"("hostname":"h9")") != std::string::npos);
}

TEST_CASE("An instance is registered, renewed, fetched and cancelled",
          "[node]") {
  const auto node = StartNode();
  const std::string key = "zone=sh001&env=dev&appid=a&hostname=h1";
  const auto post = [&](const std::string& endpoint) {
    return BodyOf(
        Exchange(node->address(), HttpPost("/discovery/" + endpoint, key)));
  };
  CHECK(post("renew").find(R"({"code":-404)") == 0);
  Register(*node, "a", "h1");
  CHECK(post("renew").find(R"({"code":0)") == 0);
  CHECK(Fetch(*node, "a").find(R"("hostname":"h1")") != std::string::npos);
  CHECK(post("cancel") == kOk);
  CHECK(post("cancel").find(R"({"code":-404)") == 0);
  CHECK(Fetch(*node, "a") ==
        R"({"code":-404,"message":"-404","ttl":1,"data":null})");
}

TEST_CASE("A node knows itself by its address and its names", "[node]") {
  DiscoveryNodeOptions options;
  options.hostname = "myself";
  const auto node = StartNode(options);
  CHECK(node->address().find("127.0.0.1:") == 0);
  CHECK(node->address() != "127.0.0.1:0");
  const std::string self = Fetch(*node, "infra.discovery");
  CHECK(self.find(R"("region":"sh","zone":"sh001","env":"dev")") !=
        std::string::npos);
  CHECK(self.find(R"("hostname":"myself","addrs":["http://)" + node->address() +
                  R"("])") != std::string::npos);
}

TEST_CASE("A held poll is answered when there is a change", "[node]") {
  const auto node = StartNode();
  TcpConnection poller(node->address());
  REQUIRE(poller.Send(HttpGet(PollTarget("a"))));
  // The poll has come when the next request has: one loop, in order.
  REQUIRE(IsServing(*node));
  Register(*node, "a", "h1");
  CHECK(Masked(poller.ReadAnswer()).find("Kratos-Status-Code: 0\n") !=
        std::string::npos);
  // The connection goes on.
  poller.Send(HttpGet("/discovery/nodes"));
  CHECK(poller.ReadAnswer().find("\"code\":0") != std::string::npos);
}

TEST_CASE("A client's limit ends its poll in real time", "[node]") {
  const auto node = StartNode();
  TcpConnection poller(node->address());
  const auto begin = std::chrono::steady_clock::now();
  poller.Send(HttpGet(PollTarget("a"), "X1-Bmspy-Timeout: 70\r\n"));
  CHECK(BodyOf(poller.ReadAnswer()) == kNotModified);
  CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(50));
}

TEST_CASE("The clock that is advanced ends polls", "[node]") {
  const auto node = StartNode();
  TcpConnection poller(node->address());
  poller.Send(HttpGet(PollTarget("a")));
  REQUIRE(IsServing(*node));
  node->AdvanceClock(seconds(30));
  CHECK(BodyOf(poller.ReadAnswer()) == kNotModified);
}

TEST_CASE("The clock that is advanced lets leases run out", "[node]") {
  const auto node = StartNode();
  Register(*node, "a", "h1");
  node->AdvanceClock(seconds(90));
  CHECK(Fetch(*node, "a").find("h1") != std::string::npos);
  node->AdvanceClock(seconds(60));
  CHECK(Fetch(*node, "a") ==
        R"({"code":-404,"message":"-404","ttl":1,"data":null})");
  // It has renewed its own meanwhile.
  CHECK(Fetch(*node, "infra.discovery").find("node1") != std::string::npos);
}

TEST_CASE("Requests that are sent ahead are answered in order", "[node]") {
  const auto node = StartNode();
  TcpConnection client(node->address());
  REQUIRE(client.Send(HttpGet("/discovery/nodes") +
                      HttpGet("/discovery/unknown") +
                      HttpGet(PollTarget("a"), "X1-Bmspy-Timeout: 50\r\n") +
                      HttpGet("/discovery/fetch/all")));
  CHECK(client.ReadAnswer().find("\"addr\":") != std::string::npos);
  CHECK(client.ReadAnswer().find("404 page not found") != std::string::npos);
  CHECK(BodyOf(client.ReadAnswer()) == kNotModified);
  CHECK(client.ReadAnswer().find("infra.discovery") != std::string::npos);
}

TEST_CASE("A request behind a held poll waits for its turn", "[node]") {
  const auto node = StartNode();
  TcpConnection client(node->address());
  REQUIRE(client.Send(HttpGet(PollTarget("a"))));
  REQUIRE(IsServing(*node));
  REQUIRE(client.Send(HttpGet("/discovery/nodes")));
  REQUIRE(client.Send("GET /discovery/unk"));
  REQUIRE(IsServing(*node));
  node->AdvanceClock(seconds(30));
  CHECK(BodyOf(client.ReadAnswer()) == kNotModified);
  CHECK(client.ReadAnswer().find("\"addr\":") != std::string::npos);
  REQUIRE(client.Send("nown HTTP/1.1\r\n\r\n"));
  CHECK(client.ReadAnswer().find("404 page not found") != std::string::npos);
}

TEST_CASE("Clients that vanish with polls held harm nobody", "[node]") {
  const auto node = StartNode();
  TcpConnection stays(node->address());
  REQUIRE(stays.Send(HttpGet(PollTarget("a"))));
  for (int i = 0; i < 50; ++i) {
    TcpConnection goes(node->address());
    REQUIRE(goes.Send(HttpGet(PollTarget("a"))));
    if (i % 3 == 0) REQUIRE(IsServing(*node));
    if (i % 2 == 0) goes.Reset();
  }
  Register(*node, "a", "h1");
  CHECK(BodyOf(stays.ReadAnswer()).find("h1") != std::string::npos);
  CHECK(IsServing(*node));
}

TEST_CASE("A change reaches every one of many pollers", "[node]") {
  const auto node = StartNode();
  std::vector<std::unique_ptr<TcpConnection>> pollers;
  for (int i = 0; i < 200; ++i) {
    pollers.push_back(std::make_unique<TcpConnection>(node->address()));
    REQUIRE(pollers.back()->Send(HttpGet(PollTarget("a"))));
  }
  REQUIRE(IsServing(*node));
  Register(*node, "a", "h1");
  for (const auto& poller : pollers) {
    REQUIRE(BodyOf(poller->ReadAnswer()).find("h1") != std::string::npos);
  }
}

TEST_CASE("A body that is too large is refused", "[node]") {
  const auto node = StartNode();
  TcpConnection client(node->address());
  client.Send(
      "POST /discovery/register HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n");
  client.Send(std::string(100'000, 'x'));
  const std::string answer = client.ReadAnswer();
  CHECK(answer.find("HTTP/1.1 413") == 0);
  CHECK(client.IsClosed());
  CHECK(IsServing(*node));
}

TEST_CASE("A client's body has up to 1 MiB, one from another node 16 MiB",
          "[node]") {
  const auto node = StartNode();
  struct Case {
    const char* more;
    std::size_t size;
    const char* answer;
  };
  constexpr std::size_t kMiB = 1 << 20;
  const auto c = GENERATE(
      Case{"", kMiB, "HTTP/1.1 200"}, Case{"", kMiB + 1, "HTTP/1.1 413"},
      Case{"&from_zone=false&replication=false", kMiB + 1, "HTTP/1.1 413"},
      Case{"&from_zone=true", kMiB + 1, "HTTP/1.1 200"},
      Case{"&replication=true", kMiB + 1, "HTTP/1.1 200"},
      Case{"&replication=true", 16 * kMiB, "HTTP/1.1 200"});
  CAPTURE(c.more, c.size);
  const std::string more = c.more;
  std::string form =
      "zone=z&env=dev&appid=a&hostname=h&status=1&addrs=x&version=";
  form.append(c.size - form.size() - more.size(), 'x');
  TcpConnection client(node->address());
  client.Send(HttpPost("/discovery/register", form + more));
  const std::string answer = client.ReadAnswer();
  CHECK(answer.find(c.answer) == 0);
  // In the way of larger ones, which aren't read to the end.
  if (answer.find("HTTP/1.1 413") == 0) {
    TcpConnection larger(node->address());
    larger.Send(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
    CHECK(BodyOf(answer) == BodyOf(larger.ReadAnswer()));
    CHECK(client.IsClosed());
  }
  CHECK(IsServing(*node));
}

TEST_CASE("Stop closes every connection, and a second call does nothing",
          "[node]") {
  const auto node = StartNode();
  TcpConnection idle(node->address());
  TcpConnection poller(node->address());
  poller.Send(HttpGet(PollTarget("a")));
  REQUIRE(IsServing(*node));
  node->Stop();
  CHECK(idle.IsClosed());
  CHECK(poller.IsClosed());
  CHECK(poller.ReadAnswer().empty());
  CHECK_FALSE(TcpConnection(node->address()).is_connected());
  node->Stop();
  node->AdvanceClock(hours(1));
}

TEST_CASE("A node can be started again where one was, and is empty", "[node]") {
  auto node = StartNode();
  const std::string address = node->address();
  Register(*node, "a", "h1");
  TcpConnection left_open(address);
  left_open.Send(HttpGet(PollTarget("a")));
  REQUIRE(IsServing(*node));
  node->Stop();
  DiscoveryNodeOptions options;
  options.listen = address;
  const auto again = StartNode(options);
  CHECK(again->address() == address);
  CHECK(Fetch(*again, "a") ==
        R"({"code":-404,"message":"-404","ttl":1,"data":null})");
}

TEST_CASE("A port that is taken is unavailable", "[node]") {
  const auto node = StartNode();
  DiscoveryNodeOptions options;
  options.listen = node->address();
  const absl::Status status = DiscoveryNode::Start(options).status();
  CHECK(absl::IsUnavailable(status));
  CHECK(status.message() ==
        "node: listen " + node->address() + ": Address already in use");
}

TEST_CASE("Malformed options are refused by name", "[node]") {
  const auto refusal = [](const DiscoveryNodeOptions& options) {
    const absl::Status status = DiscoveryNode::Start(options).status();
    CHECK(absl::IsInvalidArgument(status));
    CHECK(Validate(options) == status);
    const std::string message(status.message());
    return message.substr(0, message.find(": must"));
  };
  for (const char* listen :
       {"", "nonsense", "127.0.0.1", ":0", "127.0.0.1:65536", "a b:1"}) {
    CAPTURE(listen);
    DiscoveryNodeOptions options;
    options.listen = listen;
    CHECK(refusal(options) == "node: options.listen");
  }
  DiscoveryNodeOptions options;
  options.zone = "";
  CHECK(refusal(options) == "node: options.zone");
  options = DiscoveryNodeOptions();
  options.env = "";
  CHECK(refusal(options) == "node: options.env");
  options = DiscoveryNodeOptions();
  options.region = "\xFF";
  CHECK(refusal(options) == "node: options.region");
  options = DiscoveryNodeOptions();
  options.hostname = "a\nb";
  CHECK(refusal(options) == "node: options.hostname");
}

TEST_CASE("The log tells of what expires", "[node]") {
  std::atomic<int> expired = 0;
  DiscoveryNodeOptions options;
  options.log_sink = [&expired](const LogRecord& record) {
    if (record.message.find("node: expire a: h1") == 0) ++expired;
  };
  const auto node = StartNode(options);
  Register(*node, "a", "h1");
  node->AdvanceClock(hours(2));
  CHECK(expired == 1);
}

TEST_CASE("Many threads may use a node at once", "[node]") {
  const auto node = StartNode();
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string answer =
            Exchange(node->address(),
                     HttpPost("/discovery/register",
                              RegisterForm("a", std::to_string(t * 100 + i))));
        if (BodyOf(answer) != kOk) ++failures;
        node->AdvanceClock(milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  threads.clear();
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      if (t == 0) node->AdvanceClock(hours(1));
      node->Stop();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace naming::node
