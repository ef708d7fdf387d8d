// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/worker.h"
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
using testing::RawConnection;
using testing::RawRequest;
using testing::RawServer;

TEST_CASE("Done is never called from within Send", "[curl]") {
  const testing::RefusingPort port;
  CurlHttpClient client;
  const std::string url = GENERATE_REF(std::string("nonsense"), port.Url());
  bool in_send = true;
  bool done_in_send = false;
  int done = 0;
  const auto on_done = [&](const Result&) {
    ++done;
    done_in_send = done_in_send || in_send;
  };
  client.Send(Get(url), [&](const Result& result) {
    on_done(result);
    in_send = true;
    client.Send(Get(url), on_done);
    in_send = false;
  });
  in_send = false;
  CHECK(WorkUntil(client, [&] { return done == 2; }));
  CHECK_FALSE(done_in_send);
}

TEST_CASE("Wake ends a Wait, whether it has begun or not", "[curl]") {
  CurlHttpClient client;
  SECTION("begun") {
    std::thread waker([&] { client.Wake(); });
    client.Wait(std::nullopt);
    waker.join();
  }
  SECTION("not begun") {
    client.Wake();
    client.Wait(std::nullopt);
  }
  SECTION("with a request under way") {
    RawServer server(Hang);
    client.Send(Get(server.Url()), [](const Result&) {});
    REQUIRE(WorkUntil(client, [&] { return !server.requests().empty(); }));
    std::thread waker([&] { client.Wake(); });
    client.Wait(std::nullopt);
    waker.join();
  }
}

TEST_CASE("An aborted request is never done, and its connection is closed",
          "[curl]") {
  CurlHttpClient client;
  bool done = false;
  const auto on_done = [&](const Result&) { done = true; };
  // A round trip after the Abort, so that a late `done` would show.
  RawServer probe(AnswerWith(""));
  SECTION("before anything happened") {
    RawServer server(AnswerWith(""));
    client.Abort(client.Send(Get(server.Url()), on_done));
    REQUIRE(Fetch(client, Get(probe.Url())).ok());
  }
  SECTION("before it failed") {
    client.Abort(client.Send(Get("nonsense"), on_done));
    REQUIRE(Fetch(client, Get(probe.Url())).ok());
  }
  SECTION("while it connects") {
    const testing::SilentPort port;
    const auto id = client.Send(Get(port.Url()), on_done);
    client.Wait(milliseconds(5));
    client.Abort(id);
    REQUIRE(Fetch(client, Get(probe.Url())).ok());
  }
  SECTION("while it waits for an answer") {
    RawServer server(Hang);
    const auto id = client.Send(Get(server.Url()), on_done);
    REQUIRE(WorkUntil(client, [&] { return !server.requests().empty(); }));
    client.Abort(id);
    CHECK(Eventually([&] { return server.open_connection_count() == 0; }));
    REQUIRE(Fetch(client, Get(probe.Url())).ok());
  }
  SECTION("within its body") {
    RawServer server([](const RawRequest&, RawConnection& connection) {
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      connection.Hang();
    });
    const auto id = client.Send(Get(server.Url()), on_done);
    REQUIRE(WorkUntil(client, [&] { return !server.requests().empty(); }));
    client.Wait(milliseconds(5));
    client.Abort(id);
    CHECK(Eventually([&] { return server.open_connection_count() == 0; }));
  }
  CHECK_FALSE(done);
}

TEST_CASE("Aborting what is over, or nothing, does nothing", "[curl]") {
  RawServer server(AnswerWith("hello"));
  CurlHttpClient client;
  HttpClient::RequestId id = 0;
  bool done = false;
  id = client.Send(Get(server.Url()), [&](const Result&) {
    client.Abort(id);
    done = true;
  });
  REQUIRE(WorkUntil(client, [&] { return done; }));
  client.Abort(id);
  client.Abort(0);
  client.Abort(id + 1000);
  CHECK(Fetch(client, Get(server.Url())).ok());
  CHECK(server.connection_count() == 1);
}

TEST_CASE("Done may send, and abort any other request", "[curl]") {
  RawServer server(AnswerWith("hello"));
  RawServer hanging(Hang);
  CurlHttpClient client;
  std::vector<HttpClient::RequestId> ids;
  int first = 0;
  int second = 0;
  const auto on_first = [&](const Result&) {
    ++first;
    for (const HttpClient::RequestId id : ids) client.Abort(id);
    client.Send(Get(server.Url()), [&](const Result&) { ++second; });
  };
  // Whichever is done first aborts all the others, many of which are done too
  // but weren't told yet, and some that can't start.
  for (int i = 0; i < 20; ++i) {
    ids.push_back(client.Send(Get(server.Url()), on_first));
    ids.push_back(client.Send(Get(hanging.Url()), on_first));
  }
  REQUIRE(WorkUntil(client, [&] { return second == 1; }));
  CHECK(first == 1);
  CHECK(Eventually([&] { return hanging.open_connection_count() == 0; }));
}

TEST_CASE("A done that fails at once may abort the next that fails", "[curl]") {
  CurlHttpClient client;
  int done = 0;
  HttpClient::RequestId second = 0;
  client.Send(Get("nonsense"), [&](const Result&) {
    ++done;
    client.Abort(second);
  });
  second = client.Send(Get("nonsense"), [&](const Result&) { ++done; });
  client.Wait(milliseconds(0));
  client.Wait(milliseconds(0));
  CHECK(done == 1);
}

TEST_CASE("Destroying a client drops its requests unheard", "[curl]") {
  RawServer server(Hang);
  const testing::SilentPort silent;
  bool done = false;
  auto client = std::make_unique<CurlHttpClient>();
  const auto on_done = [&](const Result&) { done = true; };
  HttpClient::RequestId waiting = 0;
  // What a dropped `done` owns may abort other requests.
  std::shared_ptr<void> aborter(
      nullptr, [&, raw = client.get()](void*) { raw->Abort(waiting); });
  for (int i = 0; i < 10; ++i) {
    waiting = client->Send(Get(server.Url()), on_done);
    client->Send(Get(silent.Url()), on_done);
    client->Send(Get("nonsense"), on_done);
  }
  client->Send(Get(server.Url()),
               [&done, a = std::move(aborter)](const Result&) { done = true; });
  REQUIRE(Eventually([&] {
    client->Wait(milliseconds(0));
    return server.requests().size() == 11;
  }));
  done = false;  // The nonsense is done by now.
  client.reset();
  CHECK_FALSE(done);
  CHECK(Eventually([&] { return server.open_connection_count() == 0; }));
}

TEST_CASE("A Worker sends, sleeps and stops with it", "[curl]") {
  RawServer server(AnswerWith("hello"));
  RawServer hanging(Hang);
  CurlHttpClient client;
  base::Worker worker("naming-test", &client);
  for (int i = 0; i < 20; ++i) {
    std::promise<std::string> body;
    worker.Post([&] {
      client.Send(Get(server.Url()), [&](Result result) {
        body.set_value(result.ok() ? result->body : "");
      });
    });
    CHECK(body.get_future().get() == "hello");
  }
  worker.Post([&] { client.Send(Get(hanging.Url()), [](const Result&) {}); });
  CHECK(Eventually([&] { return !hanging.requests().empty(); }));
  worker.Stop();
}

}  // namespace
}  // namespace naming::net
