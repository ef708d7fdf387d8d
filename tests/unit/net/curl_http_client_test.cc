// SPDX-License-Identifier: Apache-2.0

#include "net/curl_http_client.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_server.h"
#include "tests/unit/net/curl_fixture.h"

namespace naming::net {
namespace {

using std::chrono::milliseconds;
using testing::AnswerWith;
using testing::Eventually;
using testing::HttpAnswer;
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;

TEST_CASE("A request arrives as it was given, with nothing added", "[curl]") {
  RawServer server(AnswerWith("hello"));
  CurlHttpClient client;
  HttpRequest request = Get(server.Url("/a%20b?x=1&y=%2F"));
  request.headers = {{"User-Agent", "naming"}, {"X-Empty", ""}};
  SECTION("by GET") {
    const Result result = Fetch(client, request);
    REQUIRE(result.ok());
    CHECK(result->status_code == 200);
    CHECK(result->body == "hello");
    const RawRequest seen = server.requests().at(0);
    CHECK(seen.method == "GET");
    CHECK(seen.target == "/a%20b?x=1&y=%2F");
    CHECK(seen.head.find(" HTTP/1.1\r\n") != std::string::npos);
    CHECK(seen.Header("User-Agent") == "naming");
    CHECK(seen.Header("X-Empty") == "");
    CHECK(seen.body.empty());
  }
  SECTION("by POST") {
    request.method = HttpRequest::Method::kPost;
    // Beyond 1 MiB libcurl would ask for a "100 Continue" first.
    request.body = "k=v&" + std::string(std::size_t{2} << 20, 'x');
    REQUIRE(Fetch(client, request).ok());
    const RawRequest seen = server.requests().at(0);
    CHECK(seen.method == "POST");
    CHECK((seen.body == request.body));
    CHECK(seen.Header("Content-Type") == "application/x-www-form-urlencoded");
    CHECK_FALSE(seen.Header("Expect"));
  }
  SECTION("without headers of its own") {
    request.headers.clear();
    REQUIRE(Fetch(client, request).ok());
    CHECK_FALSE(server.requests().at(0).Header("User-Agent"));
    CHECK_FALSE(server.requests().at(0).Header("Accept-Encoding"));
    CHECK_FALSE(server.requests().at(0).Header("Cookie"));
  }
  SECTION("also by an easy handle that had another request before") {
    HttpRequest post = request;
    post.method = HttpRequest::Method::kPost;
    post.body = "k=v";
    REQUIRE(Fetch(client, post).ok());
    REQUIRE(Fetch(client, Get(server.Url("/next"))).ok());
    const RawRequest seen = server.requests().at(1);
    CHECK(seen.method == "GET");
    CHECK(seen.target == "/next");
    CHECK(seen.body.empty());
    CHECK_FALSE(seen.Header("Content-Length"));
    CHECK_FALSE(seen.Header("User-Agent"));
  }
}

TEST_CASE("A query can't be more than a part of the request's line", "[curl]") {
  RawServer server(AnswerWith("hello"));
  CurlHttpClient client;
  SECTION("a line end or a blank in it is refused") {
    for (const char* query : {"a=\r\nX: y", "a=\n", "a=b c", "a=\x01"}) {
      const Result result =
          Fetch(client, Get(server.Url("/p?" + std::string(query))));
      CHECK(absl::IsInvalidArgument(result.status()));
    }
    CHECK(server.requests().empty());
  }
  SECTION("a fragment isn't sent") {
    REQUIRE(Fetch(client, Get(server.Url("/p?a=b#c"))).ok());
    CHECK(server.requests().at(0).target == "/p?a=b");
  }
  SECTION("a path may be missing") {
    const std::string root = server.Url("");
    REQUIRE(Fetch(client, Get(root + "?a=/b")).ok());
    CHECK(server.requests().at(0).target == "/?a=/b");
  }
  SECTION("a long one is whole") {
    const std::string target = "/p?a=" + std::string(100'000, 'x');
    REQUIRE(Fetch(client, Get(server.Url(target))).ok());
    CHECK((server.requests().at(0).target == target));
  }
}

TEST_CASE("A connection is kept and used again", "[curl]") {
  RawServer server(AnswerWith("hello"));
  CurlHttpClient client;
  for (int i = 0; i < 5; ++i) {
    const Result result = Fetch(client, Get(server.Url()));
    REQUIRE(result.ok());
    CHECK(result->connection == 1);
    CHECK(result->alive_at == 1);
  }
  CHECK(server.connection_count() == 1);
}

TEST_CASE("Many requests at a time keep their connections", "[curl]") {
  constexpr int kRequests = 150;
  RawServer server([](const RawRequest& request, RawConnection& connection) {
    connection.Send(HttpAnswer(200, request.target));
  });
  CurlHttpClient client;
  int connections = 0;
  for (int round = 0; round < 3; ++round) {
    int matches = 0;
    int done = 0;
    for (int i = 0; i < kRequests; ++i) {
      const std::string target = "/" + std::to_string(i);
      client.Send(Get(server.Url(target)), [&, target](Result result) {
        ++done;
        if (result.ok() && result->body == target) ++matches;
      });
    }
    REQUIRE(WorkUntil(client, [&] { return done == kRequests; }));
    CHECK(matches == kRequests);
    if (round == 0) connections = server.connection_count();
  }
  CHECK(server.connection_count() == connections);
  CHECK(server.open_connection_count() == connections);
}

TEST_CASE("A connection that the server closed is replaced", "[curl]") {
  RawServer server([](const RawRequest&, RawConnection& connection) {
    connection.Send(HttpAnswer(200, "hello"));
    connection.Close();
  });
  CurlHttpClient client;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const Result result = Fetch(client, Get(server.Url()));
    INFO(result.status());
    REQUIRE(result.ok());
    CHECK(result->connection == i);
    CHECK(result->alive_at == i);
    CHECK(Eventually([&] { return server.open_connection_count() == 0; }));
  }
}

TEST_CASE("A request that met a dead connection is sent on a new one",
          "[curl]") {
  // The first connection dies while the second request is on its way.
  RawServer server([](const RawRequest& request, RawConnection& connection) {
    if (request.connection == 0 && request.index == 1) {
      connection.Close();
    } else {
      connection.Send(HttpAnswer(200, "hello"));
    }
  });
  CurlHttpClient client;
  REQUIRE(Fetch(client, Get(server.Url())).ok());
  HttpRequest request = Get(server.Url());
  request.method =
      GENERATE(HttpRequest::Method::kGet, HttpRequest::Method::kPost);
  const Result result = Fetch(client, request);
  INFO(result.status());
  REQUIRE(result.ok());
  CHECK(result->connection == 2);
  CHECK(result->alive_at == 2);
  CHECK(server.requests().size() == 3);
}

TEST_CASE("Whoever answers late lived to see the connections made meanwhile",
          "[curl]") {
  std::atomic<bool> is_held{true};
  RawServer server([&](const RawRequest& request, RawConnection& connection) {
    if (request.connection == 0) Eventually([&] { return !is_held; });
    connection.Send(HttpAnswer(200, "hello"));
  });
  CurlHttpClient client;
  Result late = absl::UnknownError("");
  bool is_done = false;
  client.Send(Get(server.Url()), [&](Result result) {
    late = std::move(result);
    is_done = true;
  });
  REQUIRE(WorkUntil(client, [&] { return server.requests().size() == 1; }));
  const Result other = Fetch(client, Get(server.Url()));
  REQUIRE(other.ok());
  CHECK(other->connection == 2);
  CHECK(other->alive_at == 2);
  is_held = false;
  REQUIRE(WorkUntil(client, [&] { return is_done; }));
  REQUIRE(late.ok());
  CHECK(late->connection == 1);
  CHECK(late->alive_at == 2);
}

TEST_CASE("A used connection that ends with its answer keeps its number",
          "[curl]") {
  RawServer server([](const RawRequest& request, RawConnection& connection) {
    if (request.index == 0) {
      connection.Send(HttpAnswer(200, "hello"));
    } else {
      connection.Send(
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      connection.Close();
    }
  });
  CurlHttpClient client;
  REQUIRE(Fetch(client, Get(server.Url())).ok());
  const Result last = Fetch(client, Get(server.Url()));
  REQUIRE(last.ok());
  CHECK(last->connection == 1);
  const Result next = Fetch(client, Get(server.Url()));
  REQUIRE(next.ok());
  CHECK(next->connection == 2);
}

TEST_CASE("A body may come in chunks, or end with the connection", "[curl]") {
  CurlHttpClient client;
  SECTION("in chunks") {
    RawServer server([](const RawRequest&, RawConnection& connection) {
      connection.Send(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nhel\r\n");
      connection.SendSlowly("2;x=y\r\nlo\r\n0\r\n\r\n", milliseconds(1));
    });
    const Result result = Fetch(client, Get(server.Url()));
    REQUIRE(result.ok());
    CHECK(result->body == "hello");
  }
  SECTION("in chunks, with a trailer, after 100 Continue") {
    RawServer server([](const RawRequest&, RawConnection& connection) {
      connection.Send(
          "HTTP/1.1 100 Continue\r\n\r\n"
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n0\r\nX-Trailer: x\r\n\r\n");
    });
    const Result result = Fetch(client, Get(server.Url()));
    REQUIRE(result.ok());
    CHECK(result->body == "hello");
  }
  SECTION("until the end") {
    RawServer server([](const RawRequest&, RawConnection& connection) {
      connection.Send("HTTP/1.1 200 OK\r\n\r\nhello");
      connection.Close();
    });
    const Result result = Fetch(client, Get(server.Url()));
    REQUIRE(result.ok());
    CHECK(result->body == "hello");
  }
  SECTION("or be missing") {
    RawServer server([](const RawRequest&, RawConnection& connection) {
      connection.Send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    const Result result = Fetch(client, Get(server.Url()));
    REQUIRE(result.ok());
    CHECK(result->status_code == 204);
    CHECK(result->body.empty());
  }
}

TEST_CASE("Any status code is an answer, and so is any body", "[curl]") {
  const int status = GENERATE(200, 304, 400, 401, 404, 500, 503);
  const std::string page = "<html><body>Bad gateway</body></html>";
  RawServer server([&](const RawRequest&, RawConnection& connection) {
    connection.Send(
        HttpAnswer(status, status == 304 ? "" : page,
                   "Content-Type: text/html\r\nWWW-Authenticate: Basic\r\n"));
  });
  CurlHttpClient client;
  const Result result = Fetch(client, Get(server.Url()));
  REQUIRE(result.ok());
  CHECK(result->status_code == status);
  CHECK(result->body == (status == 304 ? "" : page));
  CHECK(server.requests().size() == 1);
}

TEST_CASE("A redirect isn't followed", "[curl]") {
  RawServer other(AnswerWith("elsewhere"));
  const std::string location = "Location: " + other.Url() + "\r\n";
  RawServer server([&](const RawRequest&, RawConnection& connection) {
    connection.Send(HttpAnswer(302, "", location));
  });
  CurlHttpClient client;
  const Result result = Fetch(client, Get(server.Url()));
  REQUIRE(result.ok());
  CHECK(result->status_code == 302);
  CHECK(other.connection_count() == 0);
}

TEST_CASE("The proxy of the environment isn't used", "[curl]") {
  const testing::RefusingPort proxy;
  const std::string name =
      GENERATE(as<std::string>{}, "http_proxy", "all_proxy", "ALL_PROXY");
  setenv(name.c_str(), proxy.Url().c_str(), 1);
  RawServer server(AnswerWith("hello"));
  CurlHttpClient client;
  const Result result = Fetch(client, Get(server.Url()));
  unsetenv(name.c_str());
  INFO(result.status());
  CHECK(result.ok());
}

}  // namespace
}  // namespace naming::net
