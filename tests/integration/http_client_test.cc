// SPDX-License-Identifier: Apache-2.0

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "naming/balancer/round_robin.h"
#include "naming/discovery/client.h"
#include "naming/http/client.h"
#include "naming/node/discovery_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_provider.h"
#include "tests/support/raw_server.h"

// Requests over real sockets: the registry is a discovery node, the Instances
// are servers that count their connections.
namespace naming::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnswerWith;
using testing::Eventually;
using testing::HttpAnswer;
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;

constexpr seconds kLong{30};

// Answers everything well but "/x".
RawServer::Handler Failing(std::function<void(RawConnection&)> fail) {
  return [fail = std::move(fail)](const RawRequest& request,
                                  RawConnection& connection) {
    if (request.target == "/x") return fail(connection);
    connection.Send(HttpAnswer(200, "well"));
  };
}

// A node, a client of it, and who is registered.
class Registered {
 public:
  Registered() {
    node::DiscoveryNodeOptions options;
    options.listen = "127.0.0.1:0";
    node_ = node::DiscoveryNode::Start(options).value();
    registrar_ = std::make_unique<testing::RawProvider>(node_->address());
    discovery::ClientOptions client_options;
    client_options.nodes = {node_->address()};
    client = discovery::Client::Create(client_options).value();
  }

  // Registers what listens on `port`.
  void Add(std::uint16_t port) { registrar_->Register(InstanceAt(port)); }
  void Remove(std::uint16_t port) { registrar_->Cancel(InstanceAt(port)); }

  // Turn by turn, and nobody is ejected: who gets which request is known.
  static ClientOptions InTurns() {
    ClientOptions options;
    options.timeout = kLong;
    options.attempt_timeout = kLong;
    options.choice.make_balancer = [] {
      return std::make_unique<balancer::RoundRobin>();
    };
    options.choice.ejection.max_share = 0;
    return options;
  }

  std::unique_ptr<Client> Create(ClientOptions options = InTurns(),
                                 std::size_t endpoints = 1) const {
    auto created = Client::Create(*client, "discovery://default/demo.app",
                                  std::move(options));
    REQUIRE(created.ok());
    if (endpoints > 0) {
      REQUIRE((*created)->WaitReady(kLong).ok());
      REQUIRE(Eventually(
          [&] { return (*created)->stats().endpoints == endpoints; }));
    }
    return *std::move(created);
  }

  std::unique_ptr<discovery::Client> client;

 private:
  static Instance InstanceAt(std::uint16_t port) {
    Instance instance;
    instance.app_id = "demo.app";
    instance.hostname = "h" + std::to_string(port);
    instance.zone = "zone01";
    instance.env = "dev";
    instance.addrs = {"http://127.0.0.1:" + std::to_string(port)};
    return instance;
  }

  std::unique_ptr<node::DiscoveryNode> node_;
  std::unique_ptr<testing::RawProvider> registrar_;
};

std::string AddressOf(const RawServer& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}

int CountOf(const RawServer& server, std::string_view target) {
  int count = 0;
  for (const RawRequest& request : server.requests()) {
    count += request.target == target ? 1 : 0;
  }
  return count;
}

TEST_CASE("Each instance has one connection, used again and again", "[http]") {
  Registered registered;
  RawServer servers[] = {RawServer(AnswerWith("a")), RawServer(AnswerWith("b")),
                         RawServer(AnswerWith("c"))};
  for (const RawServer& server : servers) registered.Add(server.port());
  const auto client = registered.Create(Registered::InTurns(), 3);
  std::map<std::string, int> answers;
  for (int i = 0; i < 60; ++i) {
    const auto response = client->Get("/where?n=1");
    REQUIRE(response.ok());
    CHECK(response->status_code == 200);
    CHECK(response->attempts == 1);
    ++answers[response->body];
  }
  CHECK(answers == std::map<std::string, int>{{"a", 20}, {"b", 20}, {"c", 20}});
  for (const RawServer& server : servers) {
    CHECK(server.connection_count() == 1);
    const RawRequest request = server.requests().front();
    CHECK(request.target == "/where?n=1");
    CHECK(request.Header("Host") == "demo.app");
  }
}

TEST_CASE("With kInstance the header Host is the instance's address",
          "[http]") {
  Registered registered;
  RawServer server(AnswerWith("a"));
  registered.Add(server.port());
  ClientOptions options = Registered::InTurns();
  options.host_mode = HostMode::kInstance;
  const auto client = registered.Create(options);
  REQUIRE(client->Get("/").ok());
  REQUIRE(client->Get("/").ok());
  CHECK(server.requests().front().Header("Host") == AddressOf(server));
  CHECK(server.connection_count() == 1);
}

TEST_CASE("Methods, headers and bodies arrive as they were given", "[http]") {
  Registered registered;
  RawServer server([](const RawRequest& request, RawConnection& connection) {
    connection.Send("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n");
    const std::string body = request.method == "HEAD" ? "" : "text";
    connection.Send(
        HttpAnswer(404, body, "X-Kind: first\r\nx-kind: second\r\n"));
  });
  registered.Add(server.port());
  const auto client = registered.Create();
  const std::string binary("a\0b", 3);

  auto response = client->Post("/p", binary, "application/x-thing");
  REQUIRE(response.ok());
  CHECK(response->status_code == 404);
  CHECK(response->body == "text");
  CHECK(response->Header("X-KIND") == "first");
  CHECK(response->Header("x-early") == std::nullopt);
  CHECK(response->endpoint.address == AddressOf(server));
  RawRequest seen = server.requests().back();
  CHECK(seen.method == "POST");
  CHECK(seen.body == binary);
  CHECK(seen.Header("content-type") == "application/x-thing");
  CHECK(seen.Header("expect") == std::nullopt);

  for (const char* method :
       {"PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "GET"}) {
    CAPTURE(method);
    Request request;
    request.method = method;
    request.headers = {{"X-A", "1"}, {"X-Empty", ""}};
    response = client->Do(request);
    REQUIRE(response.ok());
    seen = server.requests().back();
    CHECK(seen.method == method);
    CHECK(seen.body.empty());
    CHECK(seen.Header("x-a") == "1");
    CHECK(seen.Header("x-empty") == "");
    CHECK(seen.Header("content-type") == std::nullopt);
  }
  CHECK(server.connection_count() == 1);
}

TEST_CASE("What is refused goes to another instance, a POST too", "[http]") {
  Registered registered;
  const testing::RefusingPort refusing;
  RawServer server(AnswerWith("well"));
  registered.Add(refusing.port());
  registered.Add(server.port());
  ClientOptions options = Registered::InTurns();
  options.retry_burst = 1000;
  const auto client = registered.Create(options, 2);
  int repeated = 0;
  for (int i = 0; i < 20; ++i) {
    const auto response =
        i % 2 == 0 ? client->Get("/") : client->Post("/", "body", "text/plain");
    REQUIRE(response.ok());
    CHECK(response->endpoint.address == AddressOf(server));
    CHECK(response->attempts <= 2);
    repeated += response->attempts - 1;
  }
  CHECK(repeated > 0);
  CHECK(server.requests().size() == 20);
}

TEST_CASE("An instance that refuses is ejected for its outcomes", "[http]") {
  Registered registered;
  const testing::RefusingPort refusing;
  RawServer server(AnswerWith("well"));
  registered.Add(refusing.port());
  registered.Add(server.port());
  ClientOptions options = Registered::InTurns();
  options.choice.ejection = EjectionOptions();
  const auto client = registered.Create(options, 2);
  CHECK(Eventually(
      [&] { return client->Get("/").ok() && client->stats().ejected == 1; }));
}

TEST_CASE("Answers of 500 and more eject an instance, others don't", "[http]") {
  const int status = GENERATE(404, 500, 503);
  CAPTURE(status);
  Registered registered;
  RawServer bad([status](const RawRequest&, RawConnection& connection) {
    connection.Send(HttpAnswer(status, ""));
  });
  RawServer good(AnswerWith("well"));
  registered.Add(bad.port());
  registered.Add(good.port());
  ClientOptions options = Registered::InTurns();
  options.choice.ejection = EjectionOptions();
  options.max_attempts = 1;
  const auto client = registered.Create(options, 2);
  int failures = 0;
  for (int i = 0; i < 200; ++i) {
    const auto response = client->Get("/");
    REQUIRE(response.ok());
    failures += response->status_code == status ? 1 : 0;
  }
  if (status == 404) {
    CHECK(failures == 100);
    CHECK(client->stats().ejections == 0);
  } else {
    CHECK(failures < 50);
    CHECK(client->stats().ejections > 0);
  }
}

// On a new connection and on one used before, which libcurl by itself would
// repeat on.
TEST_CASE("A POST that was sent is not sent again unless asked", "[http]") {
  const bool is_reset = GENERATE(false, true);
  const bool is_used = GENERATE(false, true);
  const bool has_body = GENERATE(false, true);
  CAPTURE(is_reset, is_used, has_body);
  Registered registered;
  const auto fail = [is_reset](RawConnection& connection) {
    is_reset ? connection.Reset() : connection.Close();
  };
  RawServer servers[] = {RawServer(Failing(fail)), RawServer(Failing(fail))};
  for (const RawServer& server : servers) registered.Add(server.port());
  const auto client = registered.Create(Registered::InTurns(), 2);
  for (int i = 0; is_used && i < 4; ++i) REQUIRE(client->Get("/").ok());
  const auto sent = [&] {
    return CountOf(servers[0], "/x") + CountOf(servers[1], "/x");
  };

  Request request;
  request.method = "POST";
  request.path = "/x";
  request.body = has_body ? "body" : "";
  auto response = client->Do(request);
  CHECK(response.status().code() == absl::StatusCode::kUnavailable);
  CHECK(sent() == 1);

  request.is_idempotent = true;
  response = client->Do(request);
  CHECK(response.status().code() == absl::StatusCode::kUnavailable);
  CHECK(sent() > 2);
  const std::string message(response.status().message());
  CHECK(message.find("http: POST demo.app/x: 127.0.0.1:") == 0);
  CHECK(message.find("; 3 attempts") != std::string::npos);
}

TEST_CASE("A GET whose connection broke goes to another instance", "[http]") {
  Registered registered;
  RawServer bad(
      [](const RawRequest&, RawConnection& connection) { connection.Close(); });
  RawServer good(AnswerWith("well"));
  registered.Add(bad.port());
  registered.Add(good.port());
  ClientOptions options = Registered::InTurns();
  options.retry_burst = 1000;
  const auto client = registered.Create(options, 2);
  for (int i = 0; i < 10; ++i) {
    const auto response = client->Get("/x");
    REQUIRE(response.ok());
    CHECK(response->body == "well");
  }
  // GET by the user's word is like a POST.
  Request request;
  request.is_idempotent = false;
  int failures = 0;
  for (int i = 0; i < 10; ++i) failures += client->Do(request).ok() ? 0 : 1;
  CHECK(failures == 5);
}

TEST_CASE("An instance that answers 503 is left for another", "[http]") {
  Registered registered;
  RawServer bad([](const RawRequest&, RawConnection& connection) {
    connection.Send(HttpAnswer(503, "busy"));
  });
  registered.Add(bad.port());
  SECTION("which answers well") {
    RawServer good(AnswerWith("well"));
    registered.Add(good.port());
    const auto client = registered.Create(Registered::InTurns(), 2);
    for (int i = 0; i < 4; ++i) {
      const auto response = client->Get("/");
      REQUIRE(response.ok());
      CHECK(response->status_code == 200);
    }
    CHECK(client->Post("/", "", "text/plain").ok());
    CHECK(client->Post("/", "", "text/plain").ok());
    int posts = 0;
    for (const RawRequest& request : good.requests()) {
      posts += request.method == "POST" ? 1 : 0;
    }
    CHECK(posts == 1);
  }
  SECTION("and where there is none, it is the answer") {
    const auto client = registered.Create();
    const auto response = client->Get("/");
    REQUIRE(response.ok());
    CHECK(response->status_code == 503);
    CHECK(response->body == "busy");
    CHECK(response->attempts == 3);
  }
}

TEST_CASE("When an instance hangs a GET goes to another, a POST times out",
          "[http]") {
  Registered registered;
  RawServer hung(
      [](const RawRequest&, RawConnection& connection) { connection.Hang(); });
  RawServer good(AnswerWith("well"));
  registered.Add(hung.port());
  registered.Add(good.port());
  ClientOptions options = Registered::InTurns();
  options.attempt_timeout = milliseconds(100);
  const auto client = registered.Create(options, 2);
  for (int i = 0; i < 4; ++i) {
    const auto response = client->Get("/");
    REQUIRE(response.ok());
    CHECK(response->body == "well");
  }
  Request request;
  request.method = "POST";
  request.timeout = milliseconds(200);
  std::vector<absl::Status> failures;
  for (int i = 0; i < 2; ++i) {
    const auto response = client->Do(request);
    if (!response.ok()) failures.push_back(response.status());
  }
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].code() == absl::StatusCode::kDeadlineExceeded);
  // What is given up is closed.
  CHECK(Eventually([&] { return hung.open_connection_count() == 0; }));
}

TEST_CASE("The connections of an instance that leaves are closed", "[http]") {
  Registered registered;
  RawServer stays(AnswerWith("stays"));
  std::atomic<bool> may_answer{false};
  RawServer leaves([&](const RawRequest& request, RawConnection& connection) {
    while (request.target == "/slow" && !may_answer) {
      if (!connection.Pause(milliseconds(1))) return;
    }
    connection.Send(HttpAnswer(200, "leaves"));
  });
  registered.Add(leaves.port());
  const auto client = registered.Create();
  REQUIRE(client->Get("/").ok());
  std::string slow_answer;
  std::thread slow([&] {
    const auto response = client->Get("/slow");
    if (response.ok()) slow_answer = response->body;
  });
  REQUIRE(Eventually([&] { return CountOf(leaves, "/slow") == 1; }));
  REQUIRE(client->Get("/").ok());  // On a second connection.
  REQUIRE(leaves.open_connection_count() == 2);
  registered.Add(stays.port());
  REQUIRE(Eventually([&] { return client->stats().endpoints == 2; }));
  CHECK(leaves.open_connection_count() == 2);

  registered.Remove(leaves.port());
  CHECK(Eventually([&] { return leaves.open_connection_count() == 1; }));
  CHECK(client->Get("/")->body == "stays");
  may_answer = true;
  slow.join();
  CHECK(slow_answer == "leaves");
  CHECK(Eventually([&] { return leaves.open_connection_count() == 0; }));
  CHECK(stays.connection_count() == 1);
}

TEST_CASE("Unused connections are bounded", "[http]") {
  Registered registered;
  std::atomic<int> here{0};
  RawServer server([&](const RawRequest&, RawConnection& connection) {
    ++here;
    while (here < 4 && connection.Pause(milliseconds(1))) {
    }
    connection.Send(HttpAnswer(200, ""));
  });
  registered.Add(server.port());
  ClientOptions options = Registered::InTurns();
  options.max_idle_connections = 2;
  const auto client = registered.Create(options);
  std::vector<std::thread> threads;
  std::atomic<int> answers{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { answers += client->Get("/").ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(answers == 4);
  CHECK(server.connection_count() == 4);
  CHECK(Eventually([&] { return server.open_connection_count() == 2; }));
}

TEST_CASE("Redirects are answers unless they are to be followed", "[http]") {
  Registered registered;
  RawServer server([](const RawRequest& request, RawConnection& connection) {
    if (request.target == "/end") {
      connection.Send(HttpAnswer(200, "end", "X-End: 1\r\n"));
    } else {
      connection.Send(HttpAnswer(302, "moved",
                                 request.target == "/loop"
                                     ? "Location: /loop\r\n"
                                     : "Location: /end\r\nX-Moved: 1\r\n"));
    }
  });
  registered.Add(server.port());
  SECTION("not followed") {
    const auto client = registered.Create();
    const auto response = client->Get("/start");
    REQUIRE(response.ok());
    CHECK(response->status_code == 302);
    CHECK(response->Header("location") == "/end");
    CHECK(response->body == "moved");
  }
  SECTION("followed") {
    ClientOptions options = Registered::InTurns();
    options.max_redirects = 2;
    const auto client = registered.Create(options);
    const auto response = client->Post("/start", "body", "text/plain");
    REQUIRE(response.ok());
    CHECK(response->status_code == 200);
    CHECK(response->body == "end");
    CHECK(response->Header("x-moved") == std::nullopt);
    CHECK(server.requests().back().method == "GET");
    CHECK(server.connection_count() == 1);
    const auto loop = client->Get("/loop");
    CHECK(loop.status().code() == absl::StatusCode::kUnavailable);
    CHECK(CountOf(server, "/loop") == 3);
  }
}

TEST_CASE("Answers have a largest size", "[http]") {
  Registered registered;
  RawServer server([](const RawRequest& request, RawConnection& connection) {
    if (request.target == "/header") {
      connection.Send(
          HttpAnswer(200, "", "X: " + std::string(4000, 'x') + "\r\n"));
    } else if (request.target == "/stream") {
      connection.Send("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'));
      connection.Close();
    } else if (request.method == "HEAD") {
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    } else {
      connection.Send(HttpAnswer(
          200, std::string(request.target == "/fits" ? 1000 : 1001, 'x')));
    }
  });
  registered.Add(server.port());
  ClientOptions options = Registered::InTurns();
  options.max_header_bytes = 2048;
  options.max_response_bytes = 1000;
  const auto client = registered.Create(options);
  REQUIRE(client->Get("/fits").ok());
  for (const char* path : {"/body", "/stream", "/header"}) {
    CAPTURE(path);
    const auto response = client->Get(path);
    CHECK(response.status().code() == absl::StatusCode::kResourceExhausted);
    CHECK(CountOf(server, path) == 1);
  }
  Request head;
  head.method = "HEAD";
  CHECK(client->Do(head).ok());
}

TEST_CASE("What isn't an HTTP answer is an error", "[http]") {
  Registered registered;
  std::string bytes;
  auto expected = absl::StatusCode::kUnavailable;
  SECTION("an end within the header") { bytes = "HTTP/1.1 200 OK\r\nX: y\r\n"; }
  SECTION("an end within the body") {
    bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345";
  }
  SECTION("something else") {
    bytes = "SSH-2.0-OpenSSH\r\n";
    expected = absl::StatusCode::kInternal;
  }
  RawServer server([&](const RawRequest&, RawConnection& connection) {
    connection.Send(bytes);
    connection.Close();
  });
  registered.Add(server.port());
  const auto client = registered.Create();
  const auto response = client->Get("/x?secret=1");
  CHECK(response.status().code() == expected);
  CHECK(response.status().message().find("secret") == absl::string_view::npos);
  CHECK(CountOf(server, "/x?secret=1") == 3);
}

TEST_CASE("A client that is made first calls as soon as one registers",
          "[http]") {
  Registered registered;
  const auto client = registered.Create(Registered::InTurns(), 0);
  CHECK(client->Get("/").status().code() == absl::StatusCode::kUnavailable);
  absl::Status ready;
  absl::StatusOr<Response> response = absl::UnknownError("");
  std::thread caller([&] {
    ready = client->WaitReady(kLong);
    response = client->Get("/");
  });
  RawServer server(AnswerWith("well"));
  registered.Add(server.port());
  caller.join();
  CHECK(ready.ok());
  REQUIRE(response.ok());
  CHECK(response->body == "well");
}

TEST_CASE("In a total outage hardly anything is repeated", "[http]") {
  Registered registered;
  const testing::RefusingPort ports[3];
  for (const auto& port : ports) registered.Add(port.port());
  ClientOptions options = Registered::InTurns();
  options.retry_delay = milliseconds(1);
  std::atomic<int> attempts{0};
  options.choice.make_balancer = [&attempts] {
    class Counting final : public Balancer {
     public:
      explicit Counting(std::atomic<int>& count) : count_(count) {}
      void UpdateCandidates(std::vector<Candidate> candidates) override {
        turns_.UpdateCandidates(std::move(candidates));
      }

     protected:
      absl::StatusOr<naming::Pick> DoChoose(const PickOptions* given) override {
        ++count_;
        return given == nullptr ? turns_.Choose() : turns_.Choose(*given);
      }
      PickRef::Source DoPeek(const PickOptions*) override {
        return {nullptr, 0};
      }

     private:
      std::atomic<int>& count_;
      balancer::RoundRobin turns_;
    };
    return std::make_unique<Counting>(attempts);
  };
  const auto client = registered.Create(options, 3);
  for (int i = 0; i < 200; ++i) CHECK_FALSE(client->Get("/").ok());
  CHECK(attempts <= 240);  // 1.2 times as many as calls.
  CHECK(attempts > 205);
}

TEST_CASE("Destroying a client ends what waits", "[http]") {
  Registered registered;
  RawServer server([](const RawRequest& request, RawConnection& connection) {
    if (request.target == "/hang") return connection.Hang();
    connection.Close();
  });
  registered.Add(server.port());
  ClientOptions options = Registered::InTurns();
  options.retry_delay = kLong;
  auto client = registered.Create(options);
  std::vector<absl::Status> ends(2);
  std::thread hangs([&] { ends[0] = client->Get("/hang").status(); });
  std::thread delayed([&] {
    Request request;
    request.timeout = std::chrono::minutes(10);
    ends[1] = client->Do(request).status();
  });
  REQUIRE(Eventually([&] { return server.requests().size() == 2; }));
  const auto begin = std::chrono::steady_clock::now();
  client.reset();
  hangs.join();
  delayed.join();
  CHECK(std::chrono::steady_clock::now() - begin < kLong / 2);
  CHECK(ends[0].code() == absl::StatusCode::kCancelled);
  CHECK(ends[1].code() == absl::StatusCode::kCancelled);
}

TEST_CASE("A lease leads a caller's own handle to an instance", "[http]") {
  Registered registered;
  RawServer server(AnswerWith("well"));
  registered.Add(server.port());
  ClientOptions options = Registered::InTurns();
  options.choice.ejection = EjectionOptions();
  auto client = registered.Create(options);
  CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  auto lease = client->Pick();
  REQUIRE(lease.ok());
  CHECK(lease->endpoint().address == AddressOf(server));
  CHECK(lease->Apply(easy, "no slash").code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(lease->Apply(nullptr, "/").code() ==
        absl::StatusCode::kInvalidArgument);
  for (int i = 0; i < 3; ++i) {
    lease = client->Pick();
    REQUIRE(lease.ok());
    REQUIRE(lease->Apply(easy, "/mine").ok());
    const CURLcode code = curl_easy_perform(easy);
    REQUIRE(code == CURLE_OK);
    long status_code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status_code);
    lease->Done(code, status_code);
  }
  CHECK(server.connection_count() == 1);
  CHECK(server.requests().back().Header("Host") == "demo.app");
  CHECK(server.requests().back().method == "HEAD");

  // What it is told counts: a second instance, so that one can be ejected.
  RawServer other(AnswerWith("other"));
  registered.Add(other.port());
  REQUIRE(Eventually([&] { return client->stats().endpoints == 2; }));
  CHECK(Eventually([&] {
    auto next = client->Pick();
    if (!next.ok()) return false;
    const bool is_bad = next->endpoint().address == AddressOf(server);
    next->Done(is_bad ? CURLE_COULDNT_CONNECT : CURLE_OK, is_bad ? 0 : 200);
    return client->stats().ejected == 1;
  }));
  lease = client->Pick();
  client.reset();
  REQUIRE(lease.ok());
  CHECK(lease->Apply(easy, "/after").ok());
  curl_easy_cleanup(easy);
}

TEST_CASE("Threads share a client while instances come and go", "[http]") {
  Registered registered;
  RawServer stays(AnswerWith("well"));
  RawServer flickers(AnswerWith("well"));
  registered.Add(stays.port());
  registered.Add(flickers.port());
  const auto client = registered.Create(Registered::InTurns(), 2);
  std::atomic<bool> stops{false};
  std::atomic<int> calls{0};
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stops) {
        failures += client->Get("/").ok() ? 0 : 1;
        ++calls;
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    registered.Remove(flickers.port());
    CHECK(Eventually([&] { return flickers.open_connection_count() == 0; }));
    registered.Add(flickers.port());
    CHECK(Eventually([&] { return flickers.open_connection_count() > 0; }));
  }
  stops = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(stays.connection_count() <= 4);
}

}  // namespace
}  // namespace naming::http
