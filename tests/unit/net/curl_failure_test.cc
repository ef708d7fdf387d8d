// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "base/status_mark.h"
#include "net/curl_http_client.h"
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

TEST_CASE("What cuts a request off makes it kUnavailable", "[curl]") {
  CurlHttpClient client;
  const auto check = [&](const RawServer::Handler& handler) {
    RawServer server(handler);
    const Result result = Fetch(client, Get(server.Url()));
    CHECK(result.status().code() == absl::StatusCode::kUnavailable);
    CHECK_FALSE(result.status().message().empty());
  };
  SECTION("no answer") {
    check([](const RawRequest&, RawConnection& c) { c.Close(); });
  }
  SECTION("a reset instead of an answer") {
    check([](const RawRequest&, RawConnection& c) { c.Reset(); });
  }
  SECTION("half a header") {
    check([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 200 OK\r\nContent-Le");
      c.Close();
    });
  }
  SECTION("half a header after 100 Continue") {
    check([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: ");
      c.Close();
    });
  }
  SECTION("half a body") {
    check([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      c.Close();
    });
  }
  SECTION("a reset within the body") {
    check([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      c.Pause(milliseconds(20));
      c.Reset();
    });
  }
  SECTION("half of the chunks") {
    check([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
      c.Close();
    });
  }
  SECTION("something that isn't HTTP") {
    check([](const RawRequest&, RawConnection& c) {
      c.Send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
      c.Close();
    });
  }
}

TEST_CASE("What can't be connected to was sent nothing", "[curl]") {
  CurlHttpClient client;
  const auto check = [&](HttpRequest request, absl::StatusCode code) {
    const Result result = Fetch(client, std::move(request));
    CHECK(result.status().code() == code);
    CHECK(base::kUnsent.IsOn(result.status()));
  };
  SECTION("because it refuses") {
    const testing::RefusingPort port;
    check(Get(port.Url()), absl::StatusCode::kUnavailable);
  }
  SECTION("because it is silent") {
    const testing::SilentPort port;
    HttpRequest request = Get(port.Url());
    request.connect_timeout = milliseconds(50);
    request.timeout = std::chrono::hours(1);
    check(request, absl::StatusCode::kDeadlineExceeded);
  }
  SECTION("because its name isn't known") {
    // RFC 2606: never resolves.
    check(Get("http://node.invalid:7171/"), absl::StatusCode::kUnavailable);
  }
}

TEST_CASE("An answer that takes too long is kDeadlineExceeded", "[curl]") {
  CurlHttpClient client;
  bool has_begun = false;
  const auto check = [&](const RawServer::Handler& handler, int warm_ups) {
    RawServer server([&](const RawRequest& request, RawConnection& connection) {
      if (request.target == "/warm-up") {
        AnswerWith("")(request, connection);
      } else {
        handler(request, connection);
      }
    });
    for (int i = 0; i < warm_ups; ++i) {
      REQUIRE(Fetch(client, Get(server.Url("/warm-up"))).ok());
    }
    HttpRequest request = Get(server.Url());
    request.timeout = milliseconds(250);  // Ample for the way to the server.
    const Result result = Fetch(client, request);
    INFO(result.status());
    CHECK(result.status().code() == absl::StatusCode::kDeadlineExceeded);
    CHECK(kAnswerBegun.IsOn(result.status()) == has_begun);
    CHECK(Eventually([&] { return server.open_connection_count() == 0; }));
  };
  SECTION("when nothing comes") { check(Hang, 0); }
  SECTION("when nothing comes on a connection used before") { check(Hang, 1); }
  SECTION("when it comes byte by byte") {
    has_begun = true;
    check(
        [](const RawRequest&, RawConnection& connection) {
          connection.SendSlowly(HttpAnswer(200, std::string(10'000, 'x')),
                                milliseconds(5));
        },
        0);
  }
}

TEST_CASE("An answer above the limit is kResourceExhausted", "[curl]") {
  CurlHttpClient client;
  const auto fetch = [&](const RawServer::Handler& handler) {
    RawServer server(handler);
    HttpRequest request = Get(server.Url());
    request.max_response_bytes = 1000;
    return Fetch(client, request);
  };
  SECTION("when Content-Length says so") {
    const Result result = fetch([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
      c.Hang();
    });
    CHECK(result.status().code() == absl::StatusCode::kResourceExhausted);
    CHECK(result.status().message() == "the answer is larger than 1000 bytes");
  }
  SECTION("when the chunks add up to more") {
    const Result result = fetch([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const std::string chunk = "64\r\n" + std::string(100, 'x') + "\r\n";
      while (c.Send(chunk)) {
      }
    });
    CHECK(result.status().code() == absl::StatusCode::kResourceExhausted);
  }
  SECTION("when the header never ends") {
    const Result result = fetch([](const RawRequest&, RawConnection& c) {
      c.Send("HTTP/1.1 200 OK\r\n");
      while (c.Send("X-More: more\r\n")) {
      }
    });
    CHECK(result.status().code() == absl::StatusCode::kResourceExhausted);
  }
  SECTION("but not at the limit") {
    const Result result = fetch(AnswerWith(std::string(1000, 'x')));
    REQUIRE(result.ok());
    CHECK(result->body.size() == 1000);
  }
}

TEST_CASE("A request that can't be sent is kInvalidArgument", "[curl]") {
  CurlHttpClient client;
  HttpRequest request;
  SECTION("for its URL") {
    const std::string nul("http://127.0.0.1:1/a\0b", 22);
    request.url = GENERATE_COPY(
        as<std::string>{}, "", "127.0.0.1:80", "ftp://127.0.0.1/",
        "file:///etc/passwd", "http://", "http://[::1", "http://h:99999/", nul);
    CAPTURE(request.url);
    const Result result = Fetch(client, request);
    CHECK(result.status().code() == absl::StatusCode::kInvalidArgument);
  }
  SECTION("for a header that would add another") {
    RawServer server(AnswerWith(""));
    request.url = server.Url();
    request.headers = {{"X", "1\r\nY: 2"}};
    const Result result = Fetch(client, request);
    CHECK(result.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(server.connection_count() == 0);
  }
}

}  // namespace
}  // namespace naming::net
