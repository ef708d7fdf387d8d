// SPDX-License-Identifier: Apache-2.0

#include "node/http_server.h"

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::node {
namespace {

using testing::BodyOf;
using testing::Eventually;
using testing::Exchange;
using testing::HttpGet;
using testing::TcpConnection;

Response Text(std::string body) {
  Response response;
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

// A server that holds what it is asked at "/hold" and answers all else with
// what it read.
class ServerFixture {
 protected:
  ServerFixture() {
    auto socket = ListenSocket::Open({"127.0.0.1", 0});
    REQUIRE(socket.ok());
    address_ = socket->address().ToString();
    server_ = HttpServer::Create(
        *loop_, *std::move(socket),
        [this](RequestId id, const Request& request) {
          return Handle(id, request);
        },
        [this](RequestId id) { dropped_ = id; });
    REQUIRE(server_ != nullptr);
    loop_->Start("test");
  }

  ~ServerFixture() { loop_->Stop(); }

  std::optional<Response> Handle(RequestId id, const Request& request) {
    if (request.target.find("/hold") == 0) {
      held_ = id;
      return std::nullopt;
    }
    return Text(request.method + " " + request.target + " " +
                request.content_type + " " + request.timeout + " " +
                request.body);
  }

  // Waits until a request is held, and returns its id.
  RequestId WaitForHeld() {
    REQUIRE(Eventually([this] { return held_ != 0; }));
    return held_.exchange(0);
  }

  void Reply(RequestId id, const std::string& body) {
    loop_->Post([this, id, body] { server_->Reply(id, Text(body)); });
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::Create();
  std::unique_ptr<HttpServer> server_;
  std::string address_;
  std::atomic<RequestId> held_ = 0;
  std::atomic<RequestId> dropped_ = 0;
};

TEST_CASE_METHOD(ServerFixture, "A handler gets what a client sent",
                 "[http_server]") {
  CHECK(BodyOf(Exchange(address_,
                        "POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\n"
                        "content-type: text/x\r\nX1-BMSPY-Timeout: 500\r\n"
                        "Content-Length: 4\r\n\r\nbody")) ==
        "POST /a%20b?c=d text/x 500 body");
  CHECK(BodyOf(Exchange(address_, HttpGet("//x//y?z"))) == "GET //x//y?z   ");
  for (const std::string method :
       {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}) {
    CHECK(BodyOf(Exchange(address_, method + " / HTTP/1.1\r\n\r\n")) ==
          method + " /   ");
  }
  CHECK(BodyOf(Exchange(address_, "BREW / HTTP/1.1\r\n\r\n")) == " /   ");
}

TEST_CASE_METHOD(ServerFixture, "An answer says a version that there is",
                 "[http_server]") {
  const auto line = [this](const std::string& version) {
    const std::string answer =
        Exchange(address_, "GET / " + version + "\r\n\r\n");
    return answer.substr(0, answer.find("\r\n"));
  };
  CHECK(line("HTTP/1.1") == "HTTP/1.1 200 OK");
  CHECK(line("HTTP/1.0") == "HTTP/1.0 200 OK");
  CHECK(line("HTTP/1.9") == "HTTP/1.1 200 OK");
  for (const char* version : {"HTTP/-1.1", "HTTP/0.9", "HTTP/1.-1", "HTTP/1.99",
                              "HTTP/9999999999999999999999999999999.99"}) {
    CAPTURE(version);
    CHECK(line(version) == "HTTP/1.1 505 HTTP Version Not Supported");
  }
}

TEST_CASE_METHOD(ServerFixture, "A body in chunks is put together",
                 "[http_server]") {
  CHECK(BodyOf(Exchange(address_,
                        "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                        "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) ==
        "POST /p   abcde");
}

TEST_CASE_METHOD(ServerFixture, "A held request is answered later",
                 "[http_server]") {
  TcpConnection client(address_);
  client.Send(HttpGet("/hold"));
  Reply(WaitForHeld(), "now");
  CHECK(BodyOf(client.ReadAnswer()) == "now");
}

TEST_CASE_METHOD(ServerFixture,
                 "A client that goes is told of, and not"
                 " answered",
                 "[http_server]") {
  TcpConnection client(address_);
  client.Send(HttpGet("/hold"));
  const RequestId id = WaitForHeld();
  SECTION("with a FIN") { client.Close(); }
  SECTION("with a RST") { client.Reset(); }
  CHECK(Eventually([&] { return dropped_ == id; }));
  Reply(id, "too late");
  CHECK(BodyOf(Exchange(address_, HttpGet("/"))) == "GET /   ");
}

TEST_CASE_METHOD(ServerFixture, "A second held request on a connection works",
                 "[http_server]") {
  TcpConnection client(address_);
  for (int i = 0; i < 3; ++i) {
    client.Send(HttpGet("/hold"));
    const RequestId id = WaitForHeld();
    Reply(id, std::to_string(id));
    CHECK(BodyOf(client.ReadAnswer()) == std::to_string(id));
  }
  client.Send(HttpGet("/hold"));
  const RequestId id = WaitForHeld();
  client.Close();
  CHECK(Eventually([&] { return dropped_ == id; }));
}

TEST_CASE_METHOD(ServerFixture, "Requests sent behind a held one come after it",
                 "[http_server]") {
  TcpConnection client(address_);
  client.Send(HttpGet("/hold"));
  const RequestId first = WaitForHeld();
  client.Send(HttpGet("/hold") + HttpGet("/last"));
  CHECK(BodyOf(Exchange(address_, HttpGet("/"))) == "GET /   ");
  CHECK(held_ == 0);
  Reply(first, "1");
  CHECK(BodyOf(client.ReadAnswer()) == "1");
  Reply(WaitForHeld(), "2");
  CHECK(BodyOf(client.ReadAnswer()) == "2");
  CHECK(BodyOf(client.ReadAnswer()) == "GET /last   ");
}

TEST_CASE_METHOD(ServerFixture, "A large answer reaches a slow reader whole",
                 "[http_server]") {
  TcpConnection client(address_);
  client.Send(HttpGet("/hold"));
  const std::string large(10'000'000, 'x');
  Reply(WaitForHeld(), large);
  CHECK(BodyOf(Exchange(address_, HttpGet("/"))) == "GET /   ");
  CHECK(BodyOf(client.ReadAnswer()) == large);
}

TEST_CASE_METHOD(ServerFixture,
                 "A client that goes halfway through an answer"
                 " harms nobody",
                 "[http_server]") {
  TcpConnection client(address_);
  client.Send(HttpGet("/hold"));
  Reply(WaitForHeld(), std::string(10'000'000, 'x'));
  CHECK(BodyOf(Exchange(address_, HttpGet("/"))) == "GET /   ");
  client.Reset();
  CHECK(BodyOf(Exchange(address_, HttpGet("/"))) == "GET /   ");
}

TEST_CASE_METHOD(ServerFixture, "A reply to what isn't held does nothing",
                 "[http_server]") {
  Reply(77, "nobody asked");
  CHECK(BodyOf(Exchange(address_, HttpGet("/"))) == "GET /   ");
}

TEST_CASE_METHOD(ServerFixture, "A server that ends cuts what it holds",
                 "[http_server]") {
  TcpConnection client(address_);
  client.Send(HttpGet("/hold"));
  WaitForHeld();
  loop_->Stop();
  server_.reset();
  CHECK(client.IsClosed());
  CHECK(dropped_ == 0);
}

}  // namespace
}  // namespace naming::node
