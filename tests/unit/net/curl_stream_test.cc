// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <optional>
#include <string>

#include "net/curl_http_client.h"
#include "tests/support/catch.h"
#include "tests/support/raw_server.h"
#include "tests/unit/net/curl_fixture.h"

namespace naming::net {
namespace {

using testing::AnswerWith;
using testing::HttpAnswer;
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_CASE("With on_body the body comes in pieces, before the answer's end",
          "[curl]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.Send(std::string(kHead) + "3\r\nabc\r\n");
    connection.Hang();
  });
  CurlHttpClient client;
  std::string body;
  bool is_done = false;
  HttpRequest request = Get(server.Url());
  request.on_body = [&](std::string_view piece) { body += piece; };
  const auto id = client.Send(request, [&](const Result&) { is_done = true; });
  CHECK(WorkUntil(client, [&] { return body == "abc"; }));
  CHECK_FALSE(is_done);
  client.Abort(id);
  CHECK(
      testing::Eventually([&] { return server.open_connection_count() == 0; }));
  CHECK_FALSE(is_done);
}

TEST_CASE("A streamed answer's end comes after its last piece", "[curl]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.SendSlowly(std::string(kHead) + "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                          std::chrono::milliseconds(1));
  });
  CurlHttpClient client;
  std::string body;
  std::optional<Result> result;
  HttpRequest request = Get(server.Url());
  request.max_response_bytes = 2;  // Of a piece, not of all.
  request.on_body = [&](std::string_view piece) {
    CHECK_FALSE(result);
    body += piece;
  };
  client.Send(request, [&](const Result& r) { result = r; });
  REQUIRE(WorkUntil(client, [&] { return result.has_value(); }));
  REQUIRE(result->ok());
  CHECK((*result)->status_code == 200);
  CHECK((*result)->body.empty());
  CHECK(body == "abc");
}

TEST_CASE("Only the body of a success is streamed", "[curl]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.Send(HttpAnswer(404, "404 page not found"));
  });
  CurlHttpClient client;
  HttpRequest request = Get(server.Url());
  request.on_body = [](std::string_view) { FAIL("a piece of an error"); };
  const Result result = Fetch(client, request);
  REQUIRE(result.ok());
  CHECK(result->status_code == 404);
  CHECK(result->body == "404 page not found");
}

TEST_CASE("on_body may abort its own request, and send another", "[curl]") {
  RawServer server(AnswerWith("hello"));
  CurlHttpClient client;
  HttpClient::RequestId id = 0;
  std::optional<Result> second;
  std::string alive = "what on_body owns, until it returns";
  HttpRequest request = Get(server.Url());
  request.on_body = [&, alive](std::string_view) {
    client.Abort(id);
    client.Send(Get(server.Url("/second")),
                [&](const Result& r) { second = r; });
    CHECK(alive.size() == 35);
  };
  id = client.Send(request, [](const Result&) { FAIL("it was aborted"); });
  REQUIRE(WorkUntil(client, [&] { return second.has_value(); }));
  CHECK((*second)->body == "hello");
}

}  // namespace
}  // namespace naming::net
