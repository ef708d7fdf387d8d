// SPDX-License-Identifier: Apache-2.0
// Bytes of a real etcd 3.4.23.

#include "etcd/protocol.h"

#include <string>
#include <utility>

#include "tests/support/catch.h"

namespace naming::etcd {
namespace {

net::HttpResponse Response(int status_code, std::string body) {
  net::HttpResponse response;
  response.status_code = status_code;
  response.body = std::move(body);
  return response;
}

constexpr char kHeader[] =
    R"("header":{"cluster_id":"324952591200643719",)"
    R"("member_id":"3319814642761637952","revision":"6","raft_term":"2"})";

std::string WithHeader(const std::string& rest) {
  return std::string("{") + kHeader + rest + "}";
}

net::JsonDocument Parse(const std::string& text) {
  auto document = DecodeAnswer(Response(200, text));
  REQUIRE(document.ok());
  return *std::move(document);
}

TEST_CASE("Requests are what etcd reads", "[etcd][protocol]") {
  CHECK(RangeBody("/microservices/helloworld", "/microservices/helloworle",
                  Detail::kValues) ==
        R"({"key":"L21pY3Jvc2VydmljZXMvaGVsbG93b3JsZA==",)"
        R"("range_end":"L21pY3Jvc2VydmljZXMvaGVsbG93b3JsZQ=="})");
  CHECK(RangeBody("/d/", "/d0", Detail::kKeysOnly) ==
        R"({"key":"L2Qv","range_end":"L2Qw","keys_only":true})");
  CHECK(GrantBody(15) == R"({"TTL":"15"})");
  CHECK(KeepAliveBody({501, 502, 999}) ==
        R"({"ID":"501"}{"ID":"502"}{"ID":"999"})");
  CHECK(PutBody("/d/a", "v3", 501) ==
        R"({"key":"L2QvYQ==","value":"djM=","lease":"501"})");
  CHECK(WatchBody({{"/kratos_etcd/a.b.c/", 7}, {"/d/", 8}}) ==
        R"({"create_request":{"key":"L2tyYXRvc19ldGNkL2EuYi5jLw==",)"
        R"("range_end":"L2tyYXRvc19ldGNkL2EuYi5jMA==","start_revision":"7",)"
        R"("progress_notify":true}})"
        R"({"create_request":{"key":"L2Qv","range_end":"L2Qw",)"
        R"("start_revision":"8","progress_notify":true}})");
  CHECK(
      CheckBody({{"/d/a", 503}}) ==
      R"({"compare":[{"key":"L2QvYQ==","target":"LEASE","result":"EQUAL",)"
      R"("lease":"503"}],)"
      R"("failure":[{"request_range":{"key":"L2QvYQ==","keys_only":true}}]})");
  CHECK_THAT(CheckBody({{"/d/a", 503, 9}}),
             Catch::Matchers::Contains(
                 R"("target":"MOD","result":"EQUAL","mod_revision":"9")"));
  CHECK(PutAllBody({{"/d/a", "v3"}}, 5, 0) ==
        R"({"compare":[{"key":"L2QvYQ==","target":"MOD","result":"EQUAL",)"
        R"("mod_revision":"0"}],"success":[{"request_put":{"key":"L2QvYQ==",)"
        R"("value":"djM=","lease":"5"}}]})");
}

TEST_CASE("The end of a prefix comes after all that begin with it",
          "[etcd][protocol]") {
  CHECK(PrefixEnd("/d/") == "/d0");
  CHECK(PrefixEnd("a\xFF\xFF") == "b");
  CHECK(PrefixEnd("\xFF") == std::string(1, '\0'));
}

TEST_CASE("A range is read", "[etcd][protocol]") {
  const auto empty = DecodeRange(Parse(WithHeader("")).root());
  REQUIRE(empty.ok());
  CHECK(empty->revision == 6);
  CHECK(empty->kvs.empty());

  const auto document = Parse(WithHeader(
      R"(,"kvs":[{"key":"L2QvYQ==","create_revision":"2","mod_revision":"5",)"
      R"("version":"4","value":"djM=","lease":"7587848390000000001"},)"
      R"({"key":"L2QvYg==","create_revision":"6","mod_revision":"6",)"
      R"("version":"1"}],"count":"2")"));
  const auto range = DecodeRange(document.root());
  REQUIRE(range.ok());
  REQUIRE(range->kvs.size() == 2);
  CHECK(range->kvs[0].key == "/d/a");
  CHECK(range->kvs[0].value == "v3");
  CHECK(range->kvs[0].mod_revision == 5);
  // No double holds it.
  CHECK(range->kvs[0].lease == 7587848390000000001);
  CHECK(range->kvs[1].value.empty());
  CHECK(range->kvs[1].lease == 0);
  for (const char* bad :
       {R"(,"kvs":[{"key":"!"}])", R"(,"kvs":[{"value":"djM="}])",
        R"(,"kvs":[{"key":"L2QvYQ==","lease":"x"}])", R"(,"kvs":[1])"}) {
    CAPTURE(bad);
    CHECK(
        absl::IsInternal(DecodeRange(Parse(WithHeader(bad)).root()).status()));
  }
}

TEST_CASE("Errors are told by the code in the body", "[etcd][protocol]") {
  using absl::StatusCode;
  const auto code_of = [](int status, const std::string& body) {
    return DecodeAnswer(Response(status, body)).status().code();
  };
  const auto error = [](const std::string& message, int code) {
    return R"({"error":")" + message + R"(","message":")" + message +
           R"(","code":)" + std::to_string(code) + "}";
  };
  CHECK(code_of(404, error("etcdserver: requested lease not found", 5)) ==
        StatusCode::kNotFound);
  CHECK(code_of(412, error("etcdserver: authentication is not enabled", 9)) ==
        StatusCode::kFailedPrecondition);
  CHECK(code_of(401, error("etcdserver: invalid auth token", 16)) ==
        StatusCode::kUnauthenticated);
  CHECK(code_of(400, error("etcdserver: user name is empty", 3)) ==
        StatusCode::kUnauthenticated);
  CHECK(code_of(400, error("etcdserver: authentication failed, invalid user "
                           "ID or password",
                           3)) == StatusCode::kUnauthenticated);
  CHECK(code_of(403, error("etcdserver: permission denied", 7)) ==
        StatusCode::kPermissionDenied);
  CHECK(code_of(503, error("etcdserver: request timed out", 14)) ==
        StatusCode::kUnavailable);
  // A lost quorum.
  CHECK(code_of(500, error("context deadline exceeded", 2)) ==
        StatusCode::kUnavailable);
  // As etcd 3.6 writes it.
  CHECK(code_of(404, R"({"code": 5, "message": "gone", "details": []})") ==
        StatusCode::kNotFound);
  // Of a stream.
  CHECK(code_of(503, R"({"error":{"grpc_code":14,"http_code":503,)"
                     R"("message":"etcdserver: no leader",)"
                     R"("http_status":"Service Unavailable"}})") ==
        StatusCode::kUnavailable);
  // A request's fault, unlike what a proxy says.
  CHECK(code_of(429, error("etcdserver: mvcc: database space exceeded", 8)) ==
        StatusCode::kResourceExhausted);
  CHECK(code_of(429, "slow down") == StatusCode::kUnavailable);
  // Nobody's JSON.
  CHECK(code_of(404, "404 page not found") == StatusCode::kInternal);
  CHECK(code_of(502, "<html>") == StatusCode::kUnavailable);
  CHECK(code_of(200, "hello") == StatusCode::kInternal);
}

TEST_CASE("Keepalives are read one by one: no TTL is no lease",
          "[etcd][protocol]") {
  const auto result = [](const std::string& rest) {
    return std::string(R"({"result":)") + WithHeader(rest) + "}\n";
  };
  const auto grants = DecodeKeepAlives(Response(
      200, result(R"(,"ID":"501","TTL":"10")") + result(R"(,"ID":"999")")));
  REQUIRE(grants.ok());
  REQUIRE(grants->size() == 2);
  CHECK((*grants)[0].lease == 501);
  CHECK((*grants)[0].ttl_s == 10);
  CHECK((*grants)[1].lease == 999);
  CHECK((*grants)[1].ttl_s == 0);
  CHECK(absl::IsUnavailable(
      DecodeKeepAlives(
          Response(200, result(R"(,"ID":"501","TTL":"10")") +
                            R"({"error":{"grpc_code":14,"message":"x"}})"))
          .status()));
}

TEST_CASE("A transaction tells whether it was done", "[etcd][protocol]") {
  const auto done = DecodeTxn(
      Parse(WithHeader(R"(,"succeeded":true,"responses":[)"
                       R"({"response_put":{"header":{"revision":"6"}}}])"))
          .root());
  REQUIRE(done.ok());
  CHECK(done->has_succeeded);
  const auto document = Parse(WithHeader(
      R"(,"responses":[{"response_range":{"header":{"revision":"6"}}},)"
      R"({"response_range":{"kvs":[{"key":"L2QvYQ==","mod_revision":"2",)"
      R"("lease":"7"}],"count":"1"}}])"));
  const auto failed = DecodeTxn(document.root());
  REQUIRE(failed.ok());
  CHECK_FALSE(failed->has_succeeded);
  REQUIRE(failed->range.kvs.size() == 1);
  CHECK(failed->range.kvs[0].lease == 7);
}

TEST_CASE("A watch's messages are read", "[etcd][protocol]") {
  const auto message = [](const std::string& rest) {
    return DecodeWatch(std::string(R"({"result":)") + WithHeader(rest) + "}");
  };
  const auto created = message(R"(,"watch_id":"1","created":true)");
  REQUIRE(created.ok());
  CHECK(created->is_created);
  CHECK(created->watch_id == 1);
  CHECK(created->revision == 6);
  const auto events =
      message(R"(,"watch_id":"1","events":[{"kv":{"key":"L2QvYQ==",)"
              R"("create_revision":"4","mod_revision":"5","version":"2",)"
              R"("value":"djI="}},{"type":"DELETE","kv":{"key":"L2QvYg==",)"
              R"("mod_revision":"6"}}])");
  REQUIRE(events.ok());
  REQUIRE(events->events.size() == 2);
  CHECK_FALSE(events->events[0].is_delete);
  CHECK(events->events[0].kv.value == "v2");
  CHECK(events->events[1].is_delete);
  CHECK(events->events[1].kv.mod_revision == 6);
  const auto compacted = message(R"(,"canceled":true,"compact_revision":"14")");
  REQUIRE(compacted.ok());
  CHECK(compacted->is_canceled);
  CHECK(compacted->compact_revision == 14);

  const std::string canceled =
      R"(,"watch_id":"-1","created":true,"canceled":true,"cancel_reason":)";
  CHECK(absl::IsUnauthenticated(
      message(canceled + R"("rpc error: code = InvalidArgument desc = )"
                         R"(etcdserver: user name is empty")")
          .status()));
  CHECK(absl::IsUnauthenticated(
      message(canceled + R"("rpc error: code = Unauthenticated desc = )"
                         R"(etcdserver: invalid auth token")")
          .status()));
  CHECK(absl::IsPermissionDenied(
      message(canceled + R"("rpc error: code = PermissionDenied desc = )"
                         R"(etcdserver: permission denied")")
          .status()));
  CHECK(absl::IsUnavailable(
      DecodeWatch(R"({"error":{"grpc_code":14,"http_code":503,)"
                  R"("message":"etcdserver: no leader"}})")
          .status()));
  CHECK(absl::IsInternal(DecodeWatch("{}").status()));
  CHECK(absl::IsInternal(message(R"(,"events":[{}])").status()));
}

}  // namespace
}  // namespace naming::etcd
