// SPDX-License-Identifier: Apache-2.0

#include "etcd/lease.h"

#include <chrono>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "base/base64.h"
#include "tests/support/catch.h"
#include "tests/unit/etcd/fixture.h"

namespace naming::etcd {
namespace {

constexpr char kGrant[] = "/v3/lease/grant";
constexpr char kRevoke[] = "/v3/lease/revoke";
constexpr char kPut[] = "/v3/kv/put";

Instance MakeInstance() {
  Instance instance;
  instance.app_id = "x";
  instance.hostname = "h";
  instance.addrs = {"grpc://h:80"};
  return instance;
}

struct LeaseFixture : Fixture {
  explicit LeaseFixture(Layout kind = Layout::kKratos)
      : heartbeat(loop, requester),
        layout(MakeCodec(kind)),
        lease(loop, requester, heartbeat, *layout, {}, MakeInstance()) {}

  static std::unique_ptr<LayoutCodec> MakeCodec(Layout kind) {
    ClientOptions options;
    options.layout = kind;
    if (kind == Layout::kGoZero) options.details_prefix = "details";
    return MakeLayout(options);
  }

  core::Lease::Done Note() {
    result.reset();
    return [this](absl::Status status) { result = std::move(status); };
  }

  void AnswerGrant(const std::string& id) {
    http.Answer(http.Waiting(kGrant),
                AnswerJson(absl::StrFormat(R"(,"ID":"%s","TTL":"15")", id)));
  }

  void AnswerKeepAlive(bool lives) {
    http.Answer(http.Waiting(kKeepAlive),
                absl::StrFormat(R"({"result":%s})",
                                AnswerJson(lives ? R"(,"ID":"7","TTL":"15")"
                                                 : R"(,"ID":"7")")));
  }

  // Puts for the first time, with everything as it should be.
  void Put() {
    lease.Put(MakeInstance(), Note());
    AnswerGrant("7");
    AnswerPut();
    REQUIRE(result == absl::OkStatus());
  }

  // Of one key or several.
  void AnswerPut() {
    http.Answer(http.Waiting(http.CountWaiting(kPut) > 0 ? kPut : kTxn),
                AnswerJson(R"(,"succeeded":true)"));
  }

  void Refresh() {
    lease.Refresh(Note());
    loop.Advance(std::chrono::milliseconds(10));
  }

  Heartbeat heartbeat;
  std::unique_ptr<LayoutCodec> layout;
  Lease lease;
  std::optional<absl::Status> result;
};

TEST_CASE("The first put grants a lease and takes the key", "[etcd][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.Waiting(kGrant).request.body == R"({"TTL":"15"})");
  f.AnswerGrant("7587848390000000001");
  const std::string body = f.http.Waiting(kPut).request.body;
  CHECK_THAT(body,
             Catch::Matchers::Contains(R"("lease":"7587848390000000001")"));
  f.http.Answer(f.http.Waiting(kPut), AnswerJson());
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("A lease that dies before its put is granted once more",
          "[etcd][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const std::string gone =
      ErrorJson("etcdserver: requested lease not found", 5);
  f.AnswerGrant("7");
  f.http.Answer(f.http.Waiting(kPut), gone, 404);
  f.AnswerGrant("8");
  SECTION("then it is put") {
    f.http.Answer(f.http.Waiting(kPut), AnswerJson());
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("not for ever") {
    f.http.Answer(f.http.Waiting(kPut), gone, 404);
    REQUIRE(f.result);
    CHECK(absl::IsUnavailable(*f.result));
  }
}

TEST_CASE("A refresh keeps the lease alive and looks at the key",
          "[etcd][lease]") {
  LeaseFixture f;
  f.Put();
  f.Refresh();
  SECTION("all is well") {
    f.AnswerKeepAlive(true);
    f.http.Answer(f.http.Waiting(kTxn), AnswerJson(R"(,"succeeded":true)"));
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("the lease is gone: a put gets another") {
    f.AnswerKeepAlive(false);
    REQUIRE(f.result);
    CHECK(absl::IsNotFound(*f.result));
    f.lease.Put(MakeInstance(), f.Note());
    f.AnswerGrant("8");
    // Nobody has the key.
    f.http.Answer(f.http.Waiting(kRange), AnswerJson());
    CHECK_THAT(f.http.Waiting(kTxn).request.body,
               Catch::Matchers::Contains(R"("mod_revision":"0")"));
    f.http.Answer(f.http.Waiting(kTxn), AnswerJson(R"(,"succeeded":true)"));
    CHECK(f.result == absl::OkStatus());
  }
}

TEST_CASE("A value that was changed under our lease is put again",
          "[etcd][lease]") {
  LeaseFixture f;
  f.Put();  // At revision 10.
  f.Refresh();
  f.AnswerKeepAlive(true);
  CHECK_THAT(f.http.Waiting(kTxn).request.body,
             Catch::Matchers::Contains(R"("target":"MOD")") &&
                 Catch::Matchers::Contains(R"("mod_revision":"10")"));
  const std::string kvs = absl::StrFormat(
      R"(,"kvs":[{"key":"%s","mod_revision":"11","lease":"7"}])",
      base::Base64Encode("/microservices/x/h"));
  f.http.Answer(f.http.Waiting(kTxn),
                AnswerJson(R"(,"responses":[{"response_range":{)" +
                           kvs.substr(1) + "}}]"));
  REQUIRE(f.result);
  CHECK(absl::IsNotFound(*f.result));
  f.lease.Put(MakeInstance(), f.Note());
  f.http.Answer(f.http.Waiting(kRange), AnswerJson(kvs));
  CHECK_THAT(f.http.Waiting(kTxn).request.body,
             Catch::Matchers::Contains(R"("mod_revision":"11")"));
  f.http.Answer(f.http.Waiting(kTxn), AnswerJson(R"(,"succeeded":true)"));
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("A key that somebody alive has taken is left to them",
          "[etcd][lease]") {
  LeaseFixture f;
  f.Put();
  f.Refresh();
  f.AnswerKeepAlive(true);
  f.http.Answer(f.http.Waiting(kTxn), AnswerJson());
  REQUIRE(f.result);
  CHECK(absl::IsNotFound(*f.result));
  f.lease.Put(MakeInstance(), f.Note());
  const auto held_with = [](const std::string& lease) {
    return AnswerJson(R"(,"kvs":[{"key":"L2E=","mod_revision":"9","lease":")" +
                      lease + R"("}])");
  };
  SECTION("another lease has it") {
    f.http.Answer(f.http.Waiting(kRange), held_with("99"));
    REQUIRE(f.result);
    CHECK(absl::IsUnavailable(*f.result));
    CHECK_THAT(std::string(f.result->message()),
               Catch::Matchers::Contains("somebody else has"));
    CHECK(f.http.CountWaiting(kTxn) == 0);
  }
  SECTION("no lease has it: nobody keeps it") {
    f.http.Answer(f.http.Waiting(kRange), held_with("0"));
    CHECK_THAT(f.http.Waiting(kTxn).request.body,
               Catch::Matchers::Contains(R"("mod_revision":"9")"));
    f.http.Answer(f.http.Waiting(kTxn), AnswerJson());
    REQUIRE(f.result);
    CHECK(absl::IsUnavailable(*f.result));
  }
}

TEST_CASE("After a break the old lease is tried first", "[etcd][lease]") {
  LeaseFixture f;
  f.Put();
  f.loop.Advance(std::chrono::minutes(1));
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.Waiting(kKeepAlive).request.body == R"({"ID":"7"})");
  SECTION("it lives") {
    f.AnswerKeepAlive(true);
    CHECK(f.http.CountWaiting(kGrant) == 0);
    CHECK(f.http.CountWaiting(kRange) == 1);
  }
  SECTION("it doesn't") {
    f.AnswerKeepAlive(false);
    CHECK(f.http.CountWaiting(kGrant) == 1);
  }
}

TEST_CASE("Each lease of go-zero's layout has a key of its own",
          "[etcd][lease]") {
  LeaseFixture f(Layout::kGoZero);
  f.Put();
  f.Refresh();
  f.AnswerKeepAlive(false);
  f.lease.Put(MakeInstance(), f.Note());
  f.AnswerGrant("8");
  // "x/8"
  CHECK_THAT(f.http.Waiting(kTxn).request.body,
             Catch::Matchers::Contains(R"("key":"eC84")"));
}

TEST_CASE("The details beside go-zero's key are looked after as well",
          "[etcd][lease]") {
  LeaseFixture f(Layout::kGoZero);
  f.Put();
  f.Refresh();
  f.AnswerKeepAlive(true);
  const Pending check = f.http.Waiting(kTxn);
  const auto answer = [&](const std::string& kvs) {
    f.http.Answer(
        check, AnswerJson(absl::StrFormat(
                   R"(,"responses":[{"response_range":{"kvs":[%s]}}])", kvs)));
    REQUIRE(f.result);
  };
  const std::string key = R"({"key":"eC83","mod_revision":"10","lease":"7"})";
  const std::string details = base::Base64Encode("details/x/7");
  CHECK_THAT(check.request.body, Catch::Matchers::Contains(details));
  SECTION("both are there") {
    answer(key + "," +
           absl::StrFormat(R"({"key":"%s","mod_revision":"10","lease":"7"})",
                           details));
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("one is gone: both are put") {
    answer(key);
    CHECK(absl::IsNotFound(*f.result));
    f.lease.Put(MakeInstance(), f.Note());
    f.http.Answer(f.http.Waiting(kRange),
                  AnswerJson(absl::StrFormat(R"(,"kvs":[%s])", key)));
    CHECK_THAT(f.http.Waiting(kTxn).request.body,
               Catch::Matchers::Contains(details));
    f.AnswerPut();
    CHECK(f.result == absl::OkStatus());
  }
}

TEST_CASE("A removal revokes the lease, and nothing but that",
          "[etcd][lease]") {
  LeaseFixture f;
  SECTION("of what was put") {
    f.Put();
    f.lease.Remove(f.Note());
    CHECK(f.http.Waiting(kRevoke).request.body == R"({"ID":"7"})");
    SECTION("it was there") {
      f.http.Answer(f.http.Waiting(kRevoke), AnswerJson());
    }
    SECTION("it wasn't") {
      f.http.Answer(f.http.Waiting(kRevoke),
                    ErrorJson("etcdserver: requested lease not found", 5), 404);
    }
  }
  SECTION("of what never was") {
    f.lease.Remove(f.Note());
    CHECK_FALSE(f.result);
    f.loop.RunReady();
    CHECK(f.http.sent() == 0);
  }
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("What the layout can't say is refused before any request",
          "[etcd][lease]") {
  LeaseFixture f;
  Instance waiting = MakeInstance();
  waiting.status = Instance::Status::kWaiting;
  f.lease.Put(waiting, f.Note());
  f.loop.RunReady();
  REQUIRE(f.result);
  CHECK(absl::IsInvalidArgument(*f.result));
  CHECK(f.http.sent() == 0);
}

}  // namespace
}  // namespace naming::etcd
