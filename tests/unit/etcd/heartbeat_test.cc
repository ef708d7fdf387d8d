// SPDX-License-Identifier: Apache-2.0

#include "etcd/heartbeat.h"

#include <map>
#include <string>
#include <string_view>

#include "tests/support/catch.h"
#include "tests/unit/etcd/fixture.h"

namespace naming::etcd {
namespace {

std::string Alive(int lease, int ttl_s = 10) {
  return absl::StrFormat(
      R"({"result":%s})",
      AnswerJson(absl::StrFormat(
          ttl_s > 0 ? R"(,"ID":"%d","TTL":"%d")" : R"(,"ID":"%d")", lease,
          ttl_s)));
}

int CountOf(std::string_view word, std::string_view text) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos;
       at += word.size()) {
    ++count;
  }
  return count;
}

struct HeartbeatFixture : Fixture {
  HeartbeatFixture() : heartbeat(loop, requester) {}

  Heartbeat::TicketId Add(int lease, bool keeps_alive = true) {
    return heartbeat.Add({{absl::StrFormat("k%d", lease), lease}}, keeps_alive,
                         [this, lease](const absl::StatusOr<Beat>& beat) {
                           beats.emplace(lease, beat);
                         });
  }

  void Gather() { loop.Advance(std::chrono::milliseconds(10)); }

  Heartbeat heartbeat;
  std::map<int, absl::StatusOr<Beat>> beats;
};

TEST_CASE("Leases that fall due together share their requests",
          "[etcd][heartbeat]") {
  HeartbeatFixture f;
  for (int lease = 1; lease <= 100; ++lease) f.Add(lease, lease != 7);
  f.Gather();
  CHECK(f.http.sent() == 1);
  std::string answer;
  for (int lease = 1; lease <= 100; ++lease) {
    if (lease != 7) answer += Alive(lease) + "\n";
  }
  f.http.Answer(f.http.Waiting(kKeepAlive), answer);
  CHECK(f.http.sent() == 2);
  f.http.Answer(f.http.Waiting(kTxn), AnswerJson(R"(,"succeeded":true)"));
  CHECK(f.beats.size() == 100);
  for (const auto& [lease, beat] : f.beats) CHECK(*beat == Beat::kOurs);
}

TEST_CASE("A lease that is gone, a key that is gone, and one that is ours",
          "[etcd][heartbeat]") {
  HeartbeatFixture f;
  for (int lease = 1; lease <= 4; ++lease) f.Add(lease);
  f.Gather();
  f.http.Answer(f.http.Waiting(kKeepAlive),
                Alive(1) + Alive(2, 0) + Alive(3) + Alive(4));
  CHECK(*f.beats.at(2) == Beat::kLeaseGone);
  // k1 is there, k3 isn't, k4 is somebody else's.
  f.http.Answer(
      f.http.Waiting(kTxn),
      AnswerJson(R"(,"responses":[{"response_range":{"kvs":[{"key":"azE=",)"
                 R"("lease":"1"}]}},{"response_range":{}},{"response_range":)"
                 R"({"kvs":[{"key":"azQ=","lease":"9"}]}}])"));
  CHECK(*f.beats.at(1) == Beat::kOurs);
  CHECK(*f.beats.at(3) == Beat::kKeyGone);
  CHECK(*f.beats.at(4) == Beat::kKeyGone);
}

TEST_CASE("Batches become as small as the server wants transactions",
          "[etcd][heartbeat]") {
  HeartbeatFixture f;
  const auto run = [&f] {
    f.beats.clear();
    for (int lease = 1; lease <= 150; ++lease) f.Add(lease, false);
    f.Gather();
    int refused = 0;
    while (f.http.CountWaiting(kTxn) > 0) {
      const Pending sent = f.http.Waiting(kTxn);
      if (CountOf("request_range", sent.request.body) > 30) {
        ++refused;
        f.http.Answer(
            sent,
            ErrorJson("etcdserver: too many operations in txn request", 3),
            400);
      } else {
        f.http.Answer(sent, AnswerJson(R"(,"succeeded":true)"));
      }
    }
    CHECK(f.beats.size() == 150);
    for (const auto& [lease, beat] : f.beats) CHECK(beat.ok());
    return refused;
  };
  CHECK(run() > 0);
  CHECK(run() == 0);
}

TEST_CASE("A key that may not be read spoils no look at the others",
          "[etcd][heartbeat]") {
  HeartbeatFixture f;
  for (int lease = 1; lease <= 4; ++lease) f.Add(lease, false);
  f.Gather();
  while (f.http.CountWaiting(kTxn) > 0) {
    const Pending sent = f.http.Waiting(kTxn);
    if (CountOf(R"("azM=")", sent.request.body) > 0) {
      f.http.Answer(sent, ErrorJson("permission denied", 7), 403);
    } else {
      f.http.Answer(sent, AnswerJson());
    }
  }
  for (const int lease : {1, 2, 4}) CHECK(*f.beats.at(lease) == Beat::kKeyGone);
  CHECK(*f.beats.at(3) == Beat::kOurs);

  f.beats.clear();
  f.Add(3, false);
  f.Gather();
  CHECK(*f.beats.at(3) == Beat::kOurs);
  f.loop.Advance(std::chrono::minutes(1));
  f.Add(3, false);
  f.Gather();
  CHECK(f.http.CountWaiting(kTxn) == 1);
}

TEST_CASE("What fails, fails for all of them", "[etcd][heartbeat]") {
  HeartbeatFixture f;
  f.Add(1);
  f.heartbeat.Drop(f.Add(2));
  f.Gather();
  CHECK(f.http.Waiting(kKeepAlive).request.body == R"({"ID":"1"})");
  SECTION("the keepalive") {
    f.http.Fail(f.http.Waiting(kKeepAlive), absl::UnavailableError("refused"));
    CHECK(absl::IsUnavailable(f.beats.at(1).status()));
  }
  SECTION("an answer that misses one") {
    f.http.Answer(f.http.Waiting(kKeepAlive), "");
    CHECK(absl::IsUnavailable(f.beats.at(1).status()));
  }
  SECTION("the look at the key") {
    f.http.Answer(f.http.Waiting(kKeepAlive), Alive(1));
    f.http.Answer(f.http.Waiting(kTxn), ErrorJson("no leader", 14), 503);
    CHECK(absl::IsUnavailable(f.beats.at(1).status()));
  }
  SECTION("a user that may not read is content with the lease") {
    f.http.Answer(f.http.Waiting(kKeepAlive), Alive(1));
    f.http.Answer(f.http.Waiting(kTxn), ErrorJson("permission denied", 7), 403);
    CHECK(*f.beats.at(1) == Beat::kOurs);
  }
  CHECK(f.beats.count(2) == 0);
}

}  // namespace
}  // namespace naming::etcd
