// SPDX-License-Identifier: Apache-2.0

#include "http/request.h"

#include <curl/curl.h>

#include <functional>
#include <string>

#include "tests/support/catch.h"

namespace naming::http {
namespace {

using Fault = net::ExchangeResult::Fault;

TEST_CASE("A bad field of a request is named", "[http]") {
  struct Case {
    std::string field;
    std::function<void(Request&)> spoil;
  };
  const Case bad = GENERATE(
      Case{"method", [](Request& r) { r.method = ""; }},
      Case{"method", [](Request& r) { r.method = "GET /x"; }},
      Case{"method", [](Request& r) { r.method = "CONNECT"; }},
      Case{"path", [](Request& r) { r.path = ""; }},
      Case{"path", [](Request& r) { r.path = "x"; }},
      Case{"path", [](Request& r) { r.path = "/a b"; }},
      Case{"path", [](Request& r) { r.path = "/a\r\nHost: b"; }},
      Case{"path", [](Request& r) { r.path = std::string("/a\0", 3); }},
      Case{"path", [](Request& r) { r.path = "/a#b"; }},
      Case{"path", [](Request& r) { r.path = "/\xc3\xa4"; }},
      Case{"headers",
           [](Request& r) {
             r.headers = {{"", "a"}};
           }},
      Case{"headers",
           [](Request& r) {
             r.headers = {{"a:", "a"}};
           }},
      Case{"headers",
           [](Request& r) {
             r.headers = {{"HOST", "a"}};
           }},
      Case{"headers",
           [](Request& r) {
             r.headers = {{"content-length", "1"}};
           }},
      Case{"headers",
           [](Request& r) {
             r.headers = {{"a", "b\nc: d"}};
           }},
      Case{"body",
           [](Request& r) {
             r.method = "HEAD";
             r.body = "a";
           }},
      Case{"timeout",
           [](Request& r) { r.timeout = std::chrono::milliseconds(0); }});
  Request request;
  CHECK(Check(request).ok());
  bad.spoil(request);
  const absl::Status status = Check(request);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(status.message()).find("request." + bad.field + ": ") == 0);
}

TEST_CASE("Which requests may be repeated is HTTP's or the user's word",
          "[http]") {
  Request request;
  for (const char* method :
       {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    request.method = method;
    CHECK(MayRepeat(request));
  }
  for (const char* method : {"POST", "PATCH", "get", "LOCK"}) {
    request.method = method;
    CHECK_FALSE(MayRepeat(request));
  }
  request.is_idempotent = true;
  CHECK(MayRepeat(request));
  request.method = "GET";
  request.is_idempotent = false;
  CHECK_FALSE(MayRepeat(request));
}

TEST_CASE("What is worth another attempt", "[http]") {
  net::ExchangeResult result;
  result.was_sent = true;
  result.status_code = GENERATE(200, 404, 500, 501, 502, 503, 504, 505);
  CAPTURE(result.status_code);
  const bool is_gateway =
      result.status_code >= 502 && result.status_code <= 504;
  CHECK(WantsRepetition(result, true) == is_gateway);
  CHECK_FALSE(WantsRepetition(result, false));

  result.fault = GENERATE(Fault::kServer, Fault::kTimeout);
  result.status = absl::UnavailableError("");
  CHECK(WantsRepetition(result, true));
  CHECK_FALSE(WantsRepetition(result, false));
  result.was_sent = false;
  CHECK(WantsRepetition(result, false));
  result.fault = Fault::kOurs;
  CHECK_FALSE(WantsRepetition(result, true));
}

TEST_CASE("Outcomes blame the server for what is its fault", "[http]") {
  using Result = Outcome::Result;
  const auto result_of = [](int code, long status_code) {
    return OutcomeOf(net::FaultOf(code), status_code).result;
  };
  CHECK(result_of(CURLE_OK, 200) == Result::kSuccess);
  CHECK(result_of(CURLE_OK, 499) == Result::kSuccess);
  CHECK(result_of(CURLE_HTTP_RETURNED_ERROR, 404) == Result::kSuccess);
  CHECK(result_of(CURLE_OK, 500) == Result::kFailure);
  CHECK(result_of(CURLE_OK, 503) == Result::kFailure);
  CHECK(result_of(CURLE_COULDNT_CONNECT, 0) == Result::kFailure);
  CHECK(result_of(CURLE_GOT_NOTHING, 0) == Result::kFailure);
  CHECK(result_of(CURLE_PEER_FAILED_VERIFICATION, 0) == Result::kFailure);
  CHECK(result_of(CURLE_OPERATION_TIMEDOUT, 0) == Result::kTimeout);
  CHECK(result_of(CURLE_ABORTED_BY_CALLBACK, 0) == Result::kCancelled);
  CHECK(result_of(CURLE_WRITE_ERROR, 200) == Result::kCancelled);
}

TEST_CASE("Messages name a request without its query", "[http]") {
  Request request;
  request.path = "/users?token=secret";
  CHECK(Describe(request, "demo.app") == "GET demo.app/users");
  request.path = "/" + std::string(1000, 'a');
  CHECK(Describe(request, "demo").size() == 208);
}

}  // namespace
}  // namespace naming::http
