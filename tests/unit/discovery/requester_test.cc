// SPDX-License-Identifier: Apache-2.0

#include "discovery/requester.h"

#include <chrono>
#include <optional>

#include "tests/support/catch.h"
#include "tests/unit/discovery/fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Call MakeCall() {
  Call call;
  call.what = "fetch x";
  call.node = "http://a:1";
  call.path = "/discovery/fetchs";
  call.parameters = "env=dev";
  return call;
}

TEST_CASE("Every request carries its deadline and who asks",
          "[discovery][requester]") {
  Fixture f;
  SECTION("one that is answered at once") {
    f.requester.Send(MakeCall(), [](const absl::StatusOr<Answer>&) {});
    const auto sent = f.http.Waiting("/discovery/fetchs");
    CHECK(sent.request.method == net::HttpRequest::Method::kGet);
    CHECK(sent.request.url == "http://a:1/discovery/fetchs?env=dev");
    CHECK(sent.Header("x1-bmspy-timeout") == "3000");
    CHECK(sent.Header("x1-bmspy-user") == "my.app");
    CHECK(sent.Header("User-Agent") == "naming/test");
    CHECK(sent.request.timeout == seconds(3));
    CHECK(sent.request.connect_timeout == seconds(1));
  }
  SECTION("one that is in a hurry") {
    Call call = MakeCall();
    call.is_hasty = true;
    f.requester.Send(std::move(call), [](const absl::StatusOr<Answer>&) {});
    const auto sent = f.http.Waiting("/discovery/fetchs");
    CHECK(sent.Header("x1-bmspy-timeout") == "1000");
    CHECK(sent.request.timeout == seconds(1));
  }
  SECTION("one that is held: the node subtracts 20 ms") {
    Call call = MakeCall();
    call.hold = seconds(25);
    f.requester.Send(std::move(call), [](const absl::StatusOr<Answer>&) {});
    const auto sent = f.http.Waiting("/discovery/fetchs");
    CHECK(sent.Header("x1-bmspy-timeout") == "25020");
    CHECK(sent.request.timeout == seconds(28));
  }
  SECTION("a form goes into the body") {
    Call call = MakeCall();
    call.method = net::HttpRequest::Method::kPost;
    f.requester.Send(std::move(call), [](const absl::StatusOr<Answer>&) {});
    const auto sent = f.http.Waiting("/discovery/fetchs");
    CHECK(sent.request.method == net::HttpRequest::Method::kPost);
    CHECK(sent.request.body == "env=dev");
    CHECK(sent.Header("Content-Type") == "application/x-www-form-urlencoded");
  }
}

TEST_CASE("A node's failure marks it and is told in full",
          "[discovery][requester]") {
  Fixture f;
  absl::Status status;
  f.requester.Send(MakeCall(), [&](const absl::StatusOr<Answer>& answer) {
    status = answer.status();
  });
  const auto sent = f.http.Waiting("/discovery/fetchs");
  SECTION("refused") {
    f.http.Fail(sent, absl::UnavailableError("Connection refused"));
    CHECK(status == absl::UnavailableError(
                        "discovery: fetch x: http://a:1: Connection refused"));
  }
  SECTION("a time-out of ours is no deadline of the user's") {
    f.http.Fail(sent, absl::DeadlineExceededError("Timeout was reached"));
    CHECK(absl::IsUnavailable(status));
  }
  SECTION("a node that is starting up") {
    f.http.Answer(sent, CodeJson(-500));
    CHECK(status ==
          absl::UnavailableError("discovery: fetch x: http://a:1: code -500"));
  }
  SECTION("something that is no discovery node") {
    f.http.Answer(sent, "<html>hello</html>");
    f.http.Answer(f.http.Waiting("/discovery/fetchs"), "<html>hello</html>");
    CHECK(status.code() == absl::StatusCode::kInternal);
    CHECK_FALSE(kRequestsFault.IsOn(status));
  }
  CHECK_FALSE(f.nodes.Choose());
  CHECK(absl::IsUnavailable(f.requester.NoNode("fetch y")));
}

TEST_CASE("A code that refuses a read keeps nothing else from the node",
          "[discovery][requester]") {
  Fixture f;
  RequesterOptions options;
  options.purpose = core::Purpose::kRead;
  Requester reader(f.loop.clock(), f.http, f.nodes, options);
  absl::Status status;
  reader.Send(MakeCall(), [&](const absl::StatusOr<Answer>& answer) {
    status = answer.status();
  });
  const auto sent = f.http.Waiting("/discovery/fetchs");
  SECTION("code -500 of a node that is starting up") {
    f.http.Answer(sent, CodeJson(-500));
    CHECK(f.requester.nodes().Choose() == "http://a:1");
  }
  SECTION("other failures do") {
    SECTION("no connection") { f.http.Fail(sent, absl::UnavailableError("")); }
    const auto answer_twice = [&](const std::string& body, int status_code) {
      f.http.Answer(sent, body, status_code);
      f.http.Answer(f.http.Waiting("/discovery/fetchs"), body, status_code);
    };
    SECTION("an HTTP error") { answer_twice(CodeJson(-500), 503); }
    SECTION("an answer that is none") { answer_twice("<html>", 200); }
    SECTION("too many requests") { answer_twice(CodeJson(-509), 200); }
    CHECK_FALSE(f.requester.nodes().Choose());
  }
  CHECK_FALSE(status.ok());
  CHECK_FALSE(reader.nodes().Choose());
}

TEST_CASE("Codes about the request leave the node well",
          "[discovery][requester]") {
  Fixture f;
  std::optional<std::int64_t> code;
  f.requester.Send(MakeCall(), [&](const absl::StatusOr<Answer>& answer) {
    REQUIRE(answer.ok());
    code = answer->code;
  });
  const int answered = GENERATE(0, -304, -400, -404, -409);
  f.http.Answer(f.http.Waiting("/discovery/fetchs"), CodeJson(answered));
  CHECK(code == answered);
  CHECK(f.nodes.Choose());
}

TEST_CASE("What is asked and answered is counted", "[discovery][requester]") {
  Fixture f;
  const auto ask = [&f] {
    f.requester.Send(MakeCall(), [](const absl::StatusOr<Answer>&) {});
    return f.http.Waiting("/discovery/fetchs");
  };
  ClientStats expected;
  expected.requests = 1;
  expected.bytes_sent =
      std::string("http://a:1/discovery/fetchs?env=dev").size();
  const auto request = ask();
  SECTION("an answer") {
    f.http.Answer(request, CodeJson(-404));
    expected.bytes_received = CodeJson(-404).size();
  }
  SECTION("something else, also when the node is asked for itself") {
    f.http.Answer(request, "<html>");
    const auto question = f.http.Waiting("/discovery/fetchs");
    f.http.Answer(question, "<html>");
    expected.requests = 2;
    expected.bytes_sent += question.request.url.size();
    expected.bytes_received = 12;
    expected.failed_requests = 2;
    expected.decode_errors = 2;
  }
  SECTION("a node that can't") {
    f.http.Answer(request, CodeJson(-500));
    expected.bytes_received = CodeJson(-500).size();
    expected.failed_requests = 1;
  }
  SECTION("nothing") {
    f.http.Fail(request, absl::UnavailableError("Connection refused"));
    expected.failed_requests = 1;
  }
  CHECK(f.requester.counters().Stats() == expected);
}

}  // namespace
}  // namespace naming::discovery
