// SPDX-License-Identifier: Apache-2.0

#include "net/cautious_http_client.h"

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_mark.h"
#include "tests/support/catch.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/fake_loop.h"

namespace naming::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Pending = testing::FakeHttpClient::Pending;
using RequestId = HttpClient::RequestId;
using Results = std::vector<absl::StatusOr<HttpResponse>>;

const absl::Status kTimedOut = absl::DeadlineExceededError("timed out");

HttpRequest To(const std::string& server) {
  HttpRequest request;
  static int last = 0;
  ++last;
  request.url = absl::StrFormat("%s/path%d?a=%d", server, last, last);
  return request;
}

struct CautiousFixture {
  // The server has answered once.
  CautiousFixture() {
    Send();
    Answer();
    results.clear();
  }

  RequestId Send(HttpRequest request = To("http://a:1")) {
    return client.Send(std::move(request), [this](auto result) {
      results.push_back(std::move(result));
    });
  }

  void Send(int count) {
    for (int i = 0; i < count; ++i) Send();
  }

  std::size_t sent() const { return http.sent() - 1; }

  Pending Oldest() { return http.pending().at(0); }
  void Answer() { http.Answer(Oldest(), "yes"); }
  void Fail(const absl::Status& status = kTimedOut) {
    http.Fail(Oldest(), status);
    loop.RunReady();
  }

  testing::FakeLoop loop;
  testing::FakeHttpClient http;
  CautiousHttpClient client{loop, http};
  Results results;
};

TEST_CASE("A server that hasn't answered yet gets one request at a time",
          "[cautious]") {
  CautiousFixture f;
  for (int i = 0; i < 5; ++i) f.Send(To("http://b:1"));
  CHECK(f.sent() == 1);
  f.Answer();
  CHECK(f.sent() == 5);
}

TEST_CASE("A server that says no more gets four requests", "[cautious]") {
  CautiousFixture f;
  f.Send(200);
  CHECK(f.sent() == 4);
  SECTION("until it answers") {
    f.Answer();
    CHECK(f.sent() == 200);
    CHECK(f.results.size() == 1);
    // That answer was the last one so far.
    f.Send(10);
    CHECK(f.sent() == 200);
    f.Answer();
    CHECK(f.sent() == 210);
  }
  SECTION("and another one as many as there are") {
    f.Send(To("http://b:1"));
    f.Send(To("https://a:1"));
    CHECK(f.sent() == 6);
  }
  SECTION("whatever it answers") {
    f.http.Answer(f.Oldest(), "no", 500);
    CHECK(f.sent() == 200);
  }
  SECTION("or sends too much") {
    f.http.Fail(f.Oldest(), absl::ResourceExhaustedError("too large"));
    CHECK(f.sent() == 200);
  }
}

TEST_CASE("A server that answers gets every request at once", "[cautious]") {
  CautiousFixture f;
  for (int i = 0; i < 100; ++i) {
    f.Send(4);
    for (int k = 0; k < 4; ++k) f.Answer();
  }
  CHECK(f.sent() == 400);
  CHECK(f.results.size() == 400);
}

TEST_CASE("Four are counted from the last answer on", "[cautious]") {
  CautiousFixture f;
  f.Send(3);
  f.Answer();
  f.Send(2);
  CHECK(f.sent() == 5);
  f.Send(3);
  CHECK(f.sent() == 7);
}

TEST_CASE(
    "That a request fails which was sent before the last answer says "
    "nothing of the server",
    "[cautious]") {
  CautiousFixture f;
  f.Send(2);
  const Pending early = f.Oldest();
  f.http.Answer(f.http.pending().at(1), "yes");
  f.Send(8);
  REQUIRE(f.sent() == 6);
  f.http.Fail(early, kTimedOut);
  f.loop.RunReady();
  CHECK(f.results.size() == 2);
  CHECK(f.sent() == 6);
  f.Fail();
  CHECK(f.results.size() == 2 + 1 + 4);
}

TEST_CASE("Whether it was sent is known of every request", "[cautious]") {
  CautiousFixture f;
  std::vector<RequestId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(f.Send());
  CHECK(f.client.MayBeSent(ids[3]));
  CHECK_FALSE(f.client.MayBeSent(ids[4]));
  f.Answer();
  CHECK(f.client.MayBeSent(ids[4]));
  CHECK_FALSE(f.client.MayBeSent(ids[0]));
}

TEST_CASE("What waits in line is sent as it was given", "[cautious]") {
  CautiousFixture f;
  f.Send(4);
  HttpRequest request = To("http://a:1");
  request.timeout = seconds(7);
  request.body = "c=d";
  f.Send(request);
  CHECK(f.sent() == 4);
  f.loop.Advance(seconds(2));
  f.Answer();
  REQUIRE(f.http.pending().size() == 4);
  CHECK(f.http.pending()[3].request.body == "c=d");
  CHECK(f.http.pending()[3].request.timeout == seconds(7));
  // It waits in line no longer.
  f.loop.Advance(seconds(60));
  CHECK(f.results.size() == 1);
}

TEST_CASE("A failure ends the line", "[cautious]") {
  CautiousFixture f;
  const bool is_late = GENERATE(true, false);
  absl::Status failure(is_late ? absl::StatusCode::kDeadlineExceeded
                               : absl::StatusCode::kUnavailable,
                       "timed out");
  if (GENERATE(true, false)) failure = base::kUnsent.PutOn(failure);
  f.Send(10);
  f.http.Fail(f.Oldest(), failure);
  CHECK(f.results.size() == 1);
  f.loop.RunReady();
  REQUIRE(f.results.size() == 7);
  CHECK(f.results[0].status() == failure);
  CHECK(f.results[6].status() ==
        base::kUnsent.PutOn(absl::UnavailableError("not sent: timed out")));
  CHECK(f.sent() == 4);
  SECTION("and while others are under way nothing else is sent") {
    f.Send();
    CHECK(f.sent() == 4);
    f.Fail();
    CHECK(f.results.size() == 9);
    CHECK(f.sent() == 4);
  }
  SECTION("and then one is sent at a time") {
    while (!f.http.pending().empty()) f.Fail();
    f.Send(3);
    CHECK(f.sent() == 5);
    f.Fail();
    CHECK(f.results.size() == 13);
    f.Send(2);
    CHECK(f.sent() == 6);
    f.Answer();
    CHECK(f.sent() == 7);
    f.Answer();
    f.Send(5);
    CHECK(f.sent() == 11);
  }
}

TEST_CASE("A malformed request says nothing of the server", "[cautious]") {
  CautiousFixture f;
  f.Send(5);
  f.Fail(absl::InvalidArgumentError("malformed"));
  CHECK(f.results.size() == 1);
  CHECK(f.sent() == 4);
  for (int i = 0; i < 3; ++i) f.Fail(absl::InvalidArgumentError("malformed"));
  CHECK(f.sent() == 5);
  f.Send(4);
  CHECK(f.sent() == 8);
}

TEST_CASE("A request waits in line no longer than its timeout", "[cautious]") {
  CautiousFixture f;
  f.Send(4);
  HttpRequest request = To("http://a:1");
  request.timeout = milliseconds(600);
  f.Send(request);
  f.loop.Advance(milliseconds(599));
  CHECK(f.results.empty());
  f.loop.Advance(milliseconds(1));
  REQUIRE(f.results.size() == 1);
  CHECK(f.results[0].status() ==
        base::kUnsent.PutOn(absl::DeadlineExceededError(
            "not sent: no answer to earlier requests within 600ms")));
  // Nothing is left of it.
  f.Answer();
  CHECK(f.sent() == 4);
}

TEST_CASE("What may not wait passes the line", "[cautious]") {
  CautiousFixture f;
  f.Send(10);
  HttpRequest request = To("http://a:1");
  request.passes_line = true;
  f.Send(request);
  CHECK(f.sent() == 5);
}

TEST_CASE("An aborted request holds up nobody", "[cautious]") {
  CautiousFixture f;
  std::vector<RequestId> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(f.Send());
  SECTION("one that waits in line") {
    f.client.Abort(ids[4]);
    f.client.Abort(ids[6]);
    f.client.Abort(ids[6]);
    f.Answer();
    CHECK(f.sent() == 5);
  }
  SECTION("those it waits for") {
    for (int i = 0; i < 3; ++i) f.client.Abort(ids[i]);
    // Nobody knows yet.
    CHECK(f.sent() == 4);
    f.client.Abort(ids[3]);
    CHECK(f.sent() == 7);
    CHECK(f.http.aborted() == 4);
  }
  SECTION("one that a failure has ended, but wasn't told") {
    f.http.Fail(f.Oldest(), kTimedOut);
    f.client.Abort(ids[5]);
    f.loop.RunReady();
    CHECK(f.results.size() == 3);
  }
  SECTION("one that there isn't") {
    f.client.Abort(0);
    f.client.Abort(1000);
    CHECK(f.sent() == 4);
  }
  f.loop.Advance(seconds(10));
}

TEST_CASE("Done may send and abort", "[cautious]") {
  CautiousFixture f;
  std::vector<RequestId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(f.Send());
  f.client.Send(To("http://a:1"), [&](const auto&) {
    f.client.Abort(ids[1]);
    f.Send();
  });
  ids.push_back(f.Send());
  f.http.Fail(f.http.pending().at(3), kTimedOut);
  f.loop.RunReady();
  // Of the line; the one that done has sent waits in turn.
  CHECK(f.results.size() == 1);
  CHECK(f.sent() == 4);
  f.Answer();
  CHECK(f.sent() == 5);
}

TEST_CASE("A client that goes drops what it was given", "[cautious]") {
  testing::FakeLoop loop;
  testing::FakeHttpClient http;
  int done = 0;
  {
    CautiousHttpClient client(loop, http);
    for (int i = 0; i < 10; ++i) {
      client.Send(To("http://a:1"), [&](const auto&) { ++done; });
    }
    http.Fail(http.pending().at(0), kTimedOut);
    REQUIRE(done == 1);
  }
  CHECK(http.pending().empty());
  loop.Advance(seconds(60));
  CHECK(done == 1);
}

TEST_CASE("Servers that are asked no more are forgotten", "[cautious]") {
  CautiousFixture f;
  f.Send();
  for (int i = 0; i < 1000; ++i) {
    f.Send(To(absl::StrFormat("http://b%d:1", i)));
    f.http.Fail(f.http.pending().at(1), kTimedOut);
  }
  CHECK(f.client.server_count() <= 256);
  CHECK(f.client.server_count() >= 100);
  f.Send(4);
  CHECK(f.http.pending().size() == 4);
}

}  // namespace
}  // namespace naming::net
