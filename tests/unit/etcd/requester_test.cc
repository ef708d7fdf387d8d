// SPDX-License-Identifier: Apache-2.0

#include "etcd/requester.h"

#include <optional>
#include <string>

#include "base/status_mark.h"
#include "tests/support/catch.h"
#include "tests/unit/etcd/fixture.h"

namespace naming::etcd {
namespace {

constexpr char kAuthenticate[] = "/v3/auth/authenticate";

struct RequesterFixture : Fixture {
  explicit RequesterFixture(const std::string& user = "")
      : Fixture(user, {"http://a:1", "http://b:1"}) {}

  Requester::RequestId Send(std::string_view path = "/kv/range") {
    result.reset();
    Call call;
    call.what = "fetch x";
    call.path = path;
    return requester.Send(std::move(call),
                          [this](absl::StatusOr<net::HttpResponse> response) {
                            ++answers;
                            result = std::move(response);
                          });
  }

  std::optional<absl::StatusOr<net::HttpResponse>> result;
  int answers = 0;
};

TEST_CASE("A request without a user carries no token, but asks for a leader",
          "[etcd][requester]") {
  RequesterFixture f;
  f.Send();
  const Pending sent = f.http.Waiting(kRange);
  CHECK(sent.Header("Authorization").empty());
  CHECK(sent.Header("Grpc-Metadata-hasleader") == "true");
  f.http.Answer(sent, AnswerJson());
  REQUIRE(f.result);
  CHECK(f.result->ok());
}

TEST_CASE("One token is got for all requests, and anew when it is refused",
          "[etcd][requester]") {
  RequesterFixture f("me");
  f.Send();
  f.Send();
  CHECK(f.http.sent() == 1);
  const Pending asked = f.http.Waiting(kAuthenticate);
  CHECK(asked.request.body == R"({"name":"me","password":"secret"})");
  f.http.Answer(asked, AnswerJson(R"(,"token":"t1")"));
  CHECK(f.http.CountWaiting(kRange) == 2);
  CHECK(f.http.Waiting(kRange).Header("Authorization") == "t1");

  f.http.Answer(f.http.Waiting(kRange),
                ErrorJson("etcdserver: invalid auth token", 16), 401);
  CHECK(f.answers == 0);
  f.http.Answer(f.http.Waiting(kAuthenticate), AnswerJson(R"(,"token":"t2")"));
  // The other one was under way with the old token: it takes the new one.
  f.http.Answer(f.http.Waiting(kRange),
                ErrorJson("etcdserver: invalid auth token", 16), 401);
  CHECK(f.http.CountWaiting(kAuthenticate) == 0);
  f.http.Answer(f.http.Waiting(kRange), AnswerJson());
  CHECK(f.answers == 1);
  CHECK(f.http.Waiting(kRange).Header("Authorization") == "t2");
  // Refused again: that is the answer.
  f.http.Answer(f.http.Waiting(kRange),
                ErrorJson("etcdserver: invalid auth token", 16), 401);
  CHECK(f.answers == 2);
  CHECK(absl::IsUnauthenticated(f.result->status()));
}

TEST_CASE("A stream's token that is refused is dropped, not its successor",
          "[etcd][requester]") {
  RequesterFixture f("me");
  const auto stream = f.Send();
  f.Send();
  f.http.Answer(f.http.Waiting(kAuthenticate), AnswerJson(R"(,"token":"t1")"));
  const bool has_successor = GENERATE(false, true);
  if (has_successor) {
    f.http.Answer(f.http.pending().back(),
                  ErrorJson("etcdserver: invalid auth token", 16), 401);
    f.http.Answer(f.http.Waiting(kAuthenticate),
                  AnswerJson(R"(,"token":"t2")"));
  }
  f.requester.DropToken(stream);
  f.Send();
  CHECK(f.http.CountWaiting(kAuthenticate) == (has_successor ? 0 : 1));
}

TEST_CASE("A wrong password is told, and a server without users is none",
          "[etcd][requester]") {
  RequesterFixture f("me");
  f.Send();
  const Pending asked = f.http.Waiting(kAuthenticate);
  SECTION("wrong") {
    f.http.Answer(asked,
                  ErrorJson("etcdserver: authentication failed, invalid user "
                            "ID or password",
                            3),
                  400);
    REQUIRE(f.result);
    CHECK(absl::IsUnauthenticated(f.result->status()));
    CHECK_THAT(std::string(f.result->status().message()),
               !Catch::Matchers::Contains("secret"));
    CHECK(f.nodes.Choose() == asked.node);
  }
  SECTION("none") {
    f.http.Answer(
        asked, ErrorJson("etcdserver: authentication is not enabled", 9), 412);
    CHECK(f.http.Waiting(kRange).Header("Authorization").empty());
  }
}

TEST_CASE("A password that was refused is tried ever more rarely",
          "[etcd][requester]") {
  RequesterFixture f("me");
  const std::string wrong =
      ErrorJson("etcdserver: authentication failed, invalid password", 3);
  f.Send();
  f.http.Answer(f.http.Waiting(kAuthenticate), wrong, 400);
  int attempts = 0;
  for (int i = 0; i < 600; ++i) {
    f.Send();
    f.loop.Advance(std::chrono::milliseconds(100));
    if (f.http.CountWaiting(kAuthenticate) > 0) {
      ++attempts;
      f.http.Answer(f.http.Waiting(kAuthenticate), wrong, 400);
    }
    REQUIRE(f.result);
    CHECK(absl::IsUnauthenticated(f.result->status()));
    CHECK_THAT(std::string(f.result->status().message()),
               Catch::Matchers::Contains("authenticate me"));
  }
  CHECK(attempts >= 3);
  CHECK(attempts <= 7);
  f.loop.Advance(std::chrono::seconds(30));
  f.Send();
  f.http.Answer(f.http.Waiting(kAuthenticate), AnswerJson(R"(,"token":"t")"));
  CHECK(f.http.CountWaiting(kRange) == 1);
}

TEST_CASE("What fails for the member's sake goes elsewhere next time",
          "[etcd][requester]") {
  RequesterFixture f;
  std::string failed;
  f.requester.set_on_node_failed([&](const std::string& node) {
    failed = node;
    CHECK(f.answers == 1);
  });
  f.Send();
  const Pending sent = f.http.Waiting(kRange);
  SECTION("not reached") {
    f.http.Fail(sent, absl::DeadlineExceededError("too slow"));
  }
  SECTION("without a leader") {
    f.http.Answer(sent, ErrorJson("etcdserver: no leader", 14), 503);
  }
  REQUIRE(f.result);
  CHECK(absl::IsUnavailable(f.result->status()));
  CHECK_THAT(std::string(f.result->status().message()),
             Catch::Matchers::StartsWith("etcd: fetch x: " + sent.node));
  CHECK(failed == sent.node);
  CHECK(f.nodes.Choose() != sent.node);
}

TEST_CASE(
    "A stream that has had its time hasn't failed, one without a member has",
    "[etcd][requester]") {
  RequesterFixture f;
  int failed = 0;
  f.requester.set_on_node_failed([&](const std::string&) { ++failed; });
  Call call;
  call.what = "watch x";
  call.path = "/kv/range";
  call.on_body = [](std::string_view) {};
  f.requester.Send(std::move(call), [&](auto result) { f.result = result; });
  const absl::Status late = absl::DeadlineExceededError("timed out");
  SECTION("had its time") {
    f.http.Fail(f.http.Waiting(kRange), late);
    CHECK(failed == 0);
    CHECK(absl::IsDeadlineExceeded(f.result->status()));
  }
  SECTION("not connected in time") {
    f.http.Fail(f.http.Waiting(kRange), base::kUnsent.PutOn(late));
    CHECK(failed == 1);
    CHECK(absl::IsUnavailable(f.result->status()));
  }
}

TEST_CASE("What is too much for a store speaks against no member",
          "[etcd][requester]") {
  RequesterFixture f;
  f.requester.set_on_node_failed([](const std::string&) { FAIL(); });
  f.Send();
  const Pending sent = f.http.Waiting(kRange);
  SECTION("an answer that is too large") {
    f.http.Fail(sent, absl::ResourceExhaustedError("larger than 64 MiB"));
  }
  SECTION("a store that is full") {
    f.http.Answer(
        sent, ErrorJson("etcdserver: mvcc: database space exceeded", 8), 429);
  }
  REQUIRE(f.result);
  CHECK(absl::IsResourceExhausted(f.result->status()));
  CHECK(f.nodes.Choose() == sent.node);
}

TEST_CASE("etcd 3.3 is found by the older beginning of its paths",
          "[etcd][requester]") {
  RequesterFixture f;
  f.Send();
  f.http.Answer(f.http.Waiting(kRange), "404 page not found", 404);
  CHECK_FALSE(f.result);
  const Pending again = f.http.Waiting("/v3beta/kv/range");
  SECTION("there it is") {
    f.http.Answer(again, AnswerJson());
    CHECK(f.result->ok());
    f.Send();
    CHECK(f.http.CountWaiting("/v3beta/kv/range") == 1);
    f.Send("/lease/revoke");
    CHECK(f.http.CountWaiting("/v3beta/kv/lease/revoke") == 1);
  }
  SECTION("there is no gateway at all") {
    f.http.Answer(again, "404 page not found", 404);
    REQUIRE(f.result);
    CHECK_THAT(std::string(f.result->status().message()),
               Catch::Matchers::Contains("enable-grpc-gateway"));
  }
}

TEST_CASE("Requests at a time find the beginning of paths together",
          "[etcd][requester]") {
  RequesterFixture f;
  for (int i = 0; i < 4; ++i) f.Send();
  for (int i = 0; i < 4; ++i) {
    f.http.Answer(f.http.Waiting(kRange), "404 page not found", 404);
  }
  CHECK(f.answers == 0);
  CHECK(f.http.CountWaiting("/v3beta/kv/range") == 4);
}

TEST_CASE("So many requests at a time, the others wait", "[etcd][requester]") {
  RequesterFixture f;
  for (int i = 0; i < 40; ++i) f.Send();
  CHECK(f.http.sent() == 32);
  f.http.Answer(f.http.Waiting(kRange), AnswerJson());
  CHECK(f.http.sent() == 33);
}

TEST_CASE(
    "What waits for its turn doesn't go to a member that failed meanwhile",
    "[etcd][requester]") {
  RequesterFixture f;
  for (int i = 0; i < 40; ++i) f.Send();
  const std::string frozen = f.http.Waiting(kRange).node;
  for (int i = 0; i < 32; ++i) {
    const Pending sent = f.http.Waiting(kRange);
    CHECK(sent.node == frozen);
    f.http.Fail(sent, absl::DeadlineExceededError("too slow"));
  }
  CHECK(f.http.CountWaiting(kRange) == 8);
  for (const Pending& sent : f.http.pending()) CHECK(sent.node != frozen);
}

TEST_CASE("The one attempt at a member after a pause may need a token first",
          "[etcd][requester]") {
  RequesterFixture f("me");
  for (int i = 0; i < 2; ++i) {
    f.Send();
    f.http.Fail(f.http.Waiting(kAuthenticate),
                absl::UnavailableError("refused"));
  }
  f.loop.Advance(std::chrono::seconds(10));
  f.Send();
  f.http.Answer(f.http.Waiting(kAuthenticate), AnswerJson(R"(,"token":"t1")"));
  CHECK(f.http.CountWaiting(kRange) == 1);
}

TEST_CASE("While every member pauses, nothing is sent", "[etcd][requester]") {
  RequesterFixture f;
  for (int i = 0; i < 2; ++i) {
    f.Send();
    f.http.Fail(f.http.Waiting(kRange), absl::UnavailableError("refused"));
  }
  f.Send();
  CHECK_FALSE(f.result);
  f.loop.RunReady();
  REQUIRE(f.result);
  CHECK(absl::IsUnavailable(f.result->status()));
  CHECK(f.http.sent() == 2);
  f.requester.Abort(f.Send());
  f.loop.RunReady();
  CHECK_FALSE(f.result);
}

}  // namespace
}  // namespace naming::etcd
