// SPDX-License-Identifier: Apache-2.0

#include "node/peer_http_client.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "node/event_loop.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_server.h"

namespace naming::node {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using std::chrono::milliseconds;
using testing::AnswerWith;
using testing::HttpAnswer;
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;
using testing::RefusingPort;

class PeerHttpClientFixture {
 protected:
  using Answer = absl::StatusOr<HttpResponse>;

  PeerHttpClientFixture() {
    client_.emplace(*loop_);
    loop_->Start("test-loop");
  }
  ~PeerHttpClientFixture() { loop_->Stop(); }

  std::future<Answer> SendAsync(HttpRequest request) {
    auto promise = std::make_shared<std::promise<Answer>>();
    loop_->Post([this, request = std::move(request), promise] {
      auto is_sending = std::make_shared<bool>(true);
      client_->Send(request, [this, promise, is_sending](Answer answer) {
        was_called_within_ = was_called_within_ || *is_sending;
        promise->set_value(std::move(answer));
      });
      *is_sending = false;
    });
    return promise->get_future();
  }

  Answer Send(HttpRequest request) {
    return SendAsync(std::move(request)).get();
  }

  Answer Get(std::string url) {
    HttpRequest request;
    request.url = std::move(url);
    request.timeout = std::chrono::seconds(20);
    return Send(std::move(request));
  }

  const std::unique_ptr<EventLoop> loop_ = EventLoop::Create();
  std::optional<PeerHttpClient> client_;
  std::atomic<bool> was_called_within_{false};
};

TEST_CASE_METHOD(PeerHttpClientFixture, "A request and its answer arrive whole",
                 "[peer_http_client]") {
  RawServer server(AnswerWith("{}"));
  HttpRequest request;
  request.method = HttpRequest::Method::kPost;
  request.url = server.Url("/discovery/renew?x=1");
  request.headers = {{"x1-bmspy-timeout", "7"}};
  request.body = "a=b&c=d";
  const Answer answer = Send(request);
  REQUIRE(answer.ok());
  CHECK(answer->status_code == 200);
  CHECK(answer->body == "{}");
  CHECK(answer->connection == 1);
  CHECK(answer->alive_at == 1);
  REQUIRE(server.requests().size() == 1);
  const RawRequest seen = server.requests()[0];
  CHECK(seen.method == "POST");
  CHECK(seen.target == "/discovery/renew?x=1");
  CHECK(seen.body == "a=b&c=d");
  CHECK(seen.Header("x1-bmspy-timeout") == "7");
  CHECK(seen.Header("Host") == absl::StrFormat("127.0.0.1:%d", server.port()));
}

TEST_CASE_METHOD(PeerHttpClientFixture, "A connection is used again",
                 "[peer_http_client]") {
  RawServer server(AnswerWith("{}"));
  REQUIRE(Get(server.Url()).ok());
  const Answer second = Get(server.Url());
  REQUIRE(second.ok());
  CHECK(second->connection == 1);
  CHECK(server.connection_count() == 1);
}

TEST_CASE_METHOD(PeerHttpClientFixture,
                 "Requests at one time have a connection each",
                 "[peer_http_client]") {
  std::atomic<int> waiting{0};
  RawServer server([&](const RawRequest&, RawConnection& connection) {
    ++waiting;
    testing::Eventually([&] { return waiting == 3; });
    connection.Send(HttpAnswer(200, "{}"));
  });
  HttpRequest request;
  request.url = server.Url();
  request.timeout = std::chrono::seconds(40);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 3; ++i) answers.push_back(SendAsync(request));
  for (auto& answer : answers) CHECK(answer.get().ok());
}

TEST_CASE_METHOD(PeerHttpClientFixture,
                 "A connection that the peer has closed does no harm",
                 "[peer_http_client]") {
  // Closes after the answer, or instead of a second one.
  const bool is_late = GENERATE(false, true);
  RawServer server([&](const RawRequest& request, RawConnection& connection) {
    if (!is_late || request.index == 0) connection.Send(HttpAnswer(200, "{}"));
    if (!is_late || request.index == 1) connection.Close();
  });
  for (int i = 0; i < 6; ++i) CHECK(Get(server.Url()).ok());
}

TEST_CASE_METHOD(PeerHttpClientFixture, "A chunked answer is put together",
                 "[peer_http_client]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.Send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  });
  const Answer answer = Get(server.Url());
  REQUIRE(answer.ok());
  CHECK(answer->body == "abcde");
}

TEST_CASE_METHOD(PeerHttpClientFixture, "Another status is an answer too",
                 "[peer_http_client]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.Send(HttpAnswer(503, "no"));
  });
  const Answer answer = Get(server.Url());
  REQUIRE(answer.ok());
  CHECK(answer->status_code == 503);
  CHECK(answer->body == "no");
}

TEST_CASE_METHOD(PeerHttpClientFixture,
                 "A peer that isn't there is unavailable",
                 "[peer_http_client]") {
  const RefusingPort port;
  CHECK(absl::IsUnavailable(Get(port.Url()).status()));
  CHECK(absl::IsUnavailable(Get(port.Url()).status()));
  CHECK_FALSE(was_called_within_);
}

TEST_CASE_METHOD(PeerHttpClientFixture, "A peer that hangs is late",
                 "[peer_http_client]") {
  RawServer server(
      [](const RawRequest&, RawConnection& connection) { connection.Hang(); });
  HttpRequest request;
  request.url = server.Url();
  request.timeout = milliseconds(20);
  CHECK(absl::IsDeadlineExceeded(Send(request).status()));
  CHECK(
      testing::Eventually([&] { return server.open_connection_count() == 0; }));
  CHECK(absl::IsDeadlineExceeded(Send(request).status()));
}

TEST_CASE_METHOD(PeerHttpClientFixture, "A peer that can't be reached is late",
                 "[peer_http_client]") {
  const testing::SilentPort port;
  HttpRequest request;
  request.url = port.Url();
  request.timeout = milliseconds(20);
  CHECK(absl::IsDeadlineExceeded(Send(request).status()));
}

TEST_CASE_METHOD(PeerHttpClientFixture, "Half an answer is none",
                 "[peer_http_client]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    connection.Close();
  });
  CHECK(absl::IsUnavailable(Get(server.Url()).status()));
}

TEST_CASE_METHOD(PeerHttpClientFixture, "What isn't HTTP is no answer",
                 "[peer_http_client]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.Send("SSH-2.0-OpenSSH\r\n\r\n");
    connection.Close();
  });
  CHECK(absl::IsUnavailable(Get(server.Url()).status()));
}

TEST_CASE_METHOD(PeerHttpClientFixture, "An answer is bounded",
                 "[peer_http_client]") {
  RawServer server(AnswerWith(std::string(2000, 'x')));
  HttpRequest request;
  request.url = server.Url();
  request.max_response_bytes = 1000;
  CHECK(absl::IsResourceExhausted(Send(request).status()));
  request.max_response_bytes = 2000;
  CHECK(Send(request).ok());
}

TEST_CASE_METHOD(PeerHttpClientFixture, "A host's name is looked up",
                 "[peer_http_client]") {
  RawServer server(AnswerWith("{}"));
  CHECK(Get(absl::StrFormat("http://localhost:%d/", server.port())).ok());
}

TEST_CASE_METHOD(PeerHttpClientFixture, "A URL that can't be used is an error",
                 "[peer_http_client]") {
  CHECK(absl::IsInvalidArgument(Get("https://127.0.0.1:1/").status()));
  CHECK(absl::IsInvalidArgument(Get("127.0.0.1").status()));
  CHECK_FALSE(was_called_within_);
}

TEST_CASE_METHOD(PeerHttpClientFixture, "An aborted request isn't answered",
                 "[peer_http_client]") {
  RawServer server(
      [](const RawRequest&, RawConnection& connection) { connection.Hang(); });
  std::promise<net::HttpClient::RequestId> sent;
  std::atomic<bool> was_answered{false};
  loop_->Post([&] {
    HttpRequest request;
    request.url = server.Url();
    sent.set_value(
        client_->Send(request, [&](Answer) { was_answered = true; }));
  });
  const net::HttpClient::RequestId id = sent.get_future().get();
  REQUIRE(
      testing::Eventually([&] { return server.open_connection_count() == 1; }));
  loop_->Post([&] { client_->Abort(id); });
  CHECK(
      testing::Eventually([&] { return server.open_connection_count() == 0; }));
  CHECK_FALSE(was_answered);
}

TEST_CASE_METHOD(PeerHttpClientFixture,
                 "Destroying it drops requests in every state",
                 "[peer_http_client]") {
  RawServer hanging(
      [](const RawRequest&, RawConnection& connection) { connection.Hang(); });
  const testing::SilentPort silent;
  const RefusingPort refusing;
  std::promise<void> gone;
  std::atomic<bool> was_answered{false};
  loop_->Post([&] {
    for (const std::string& url :
         {hanging.Url(), silent.Url(), refusing.Url(),
          std::string("http://localhost:1/"), std::string("bad")}) {
      HttpRequest request;
      request.url = url;
      client_->Send(request, [&](Answer) { was_answered = true; });
    }
    client_.reset();
    gone.set_value();
  });
  gone.get_future().get();
  loop_->Advance(std::chrono::seconds(5));
  CHECK_FALSE(was_answered);
}

}  // namespace
}  // namespace naming::node
