// SPDX-License-Identifier: Apache-2.0

#include "etcd/follower.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/base64.h"
#include "core/dispatcher.h"
#include "naming/etcd/client.h"
#include "tests/support/catch.h"
#include "tests/unit/etcd/fixture.h"

namespace naming::etcd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kWatch[] = "/v3/watch";

using Set = std::set<std::string>;

std::string KeyOf(const std::string& app_id, const std::string& hostname) {
  return base::Base64Encode("/microservices/" + app_id + "/" + hostname);
}

// A key as etcd tells it, last changed at `revision`.
std::string KvJson(const std::string& app_id, const std::string& hostname,
                   int revision) {
  const std::string value = absl::StrFormat(
      R"({"id":"%s","name":"%s","endpoints":["grpc://10.0.0.7:9000"]})",
      hostname, app_id);
  return absl::StrFormat(
      R"({"key":"%s","mod_revision":"%d","value":"%s","lease":"5"})",
      KeyOf(app_id, hostname), revision, base::Base64Encode(value));
}

// The answer to a range, of a store at `revision`.
std::string RangeJson(int revision, const std::string& app_id,
                      const Set& hostnames) {
  std::string kvs;
  for (const std::string& hostname : hostnames) {
    kvs += (kvs.empty() ? "" : ",") + KvJson(app_id, hostname, 1);
  }
  return absl::StrFormat(R"({"header":{"revision":"%d"},"kvs":[%s]})", revision,
                         kvs);
}

std::string MessageJson(int watch_id, int revision, const std::string& rest) {
  return absl::StrFormat(
      R"({"result":{"header":{"revision":"%d"},"watch_id":"%d",%s}})", revision,
      watch_id, rest);
}

std::string CreatedJson(int watch_id, int revision) {
  return MessageJson(watch_id, revision, R"("created":true)");
}

std::string PutJson(int watch_id, int revision, const std::string& app_id,
                    const std::string& hostname) {
  return MessageJson(watch_id, revision,
                     absl::StrFormat(R"("events":[{"kv":%s}])",
                                     KvJson(app_id, hostname, revision)));
}

std::string DeleteJson(int watch_id, int revision, const std::string& app_id,
                       const std::string& hostname) {
  return MessageJson(
      watch_id, revision,
      absl::StrFormat(R"("events":[{"type":"DELETE","kv":{"key":"%s",)"
                      R"("mod_revision":"%d"}}])",
                      KeyOf(app_id, hostname), revision));
}

bool StartsAt(const Pending& watch, int revision) {
  return watch.request.body.find(absl::StrFormat(
             R"("start_revision":"%d")", revision)) != std::string::npos;
}

struct FollowerFixture : Fixture {
  explicit FollowerFixture(const FollowerOptions& options = {})
      : Fixture("", {"http://a:1", "http://b:1"}),
        follower(loop, requester, *layout,
                 std::make_shared<core::Logger>(LogSink()), options) {
    requester.set_on_node_failed(
        [this](const std::string& node) { follower.OnNodeFailed(node); });
  }

  ~FollowerFixture() { dispatcher->Stop(); }

  std::shared_ptr<core::Topic> Follow(const std::string& app_id) {
    auto setting = std::make_shared<core::TopicSetting>();
    setting->backend = "etcd";
    setting->dispatcher = dispatcher;
    setting->clock = &loop.clock();
    auto topic = std::make_shared<core::Topic>(std::move(setting), app_id);
    follower.Follow(topic);
    loop.RunReady();
    return topic;
  }

  // Lets what waits for a few milliseconds happen.
  void Settle() { loop.Advance(milliseconds(30)); }

  // Follows the application x, of which `hostnames` were read at revision 10;
  // its watch has begun when this returns.
  std::shared_ptr<core::Topic> FollowWatched(const Set& hostnames) {
    auto topic = Follow("x");
    http.Answer(http.Waiting(kRange), RangeJson(10, "x", hostnames));
    Settle();
    http.Stream(http.Waiting(kWatch), CreatedJson(1, 10));
    return topic;
  }

  // Answers the next range of x, which has to come within `within`.
  void AnswerNextRead(milliseconds within, int revision, const Set& hostnames) {
    loop.Advance(within);
    http.Answer(http.Waiting(kRange), RangeJson(revision, "x", hostnames));
    Settle();
  }

  // Time passes until x is read again and its stream is opened anew; probes get
  // the same answer.
  void RunUntilResync(int revision, const Set& hostnames) {
    const auto before = http.Waiting(kWatch).id;
    for (int i = 0; i < 61 && http.Waiting(kWatch).id == before; ++i) {
      loop.Advance(seconds(1));
      while (http.CountWaiting(kRange) > 0) {
        http.Answer(http.Waiting(kRange), RangeJson(revision, "x", hostnames));
      }
      Settle();
    }
    CHECK(http.Waiting(kWatch).id != before);
  }

  const std::unique_ptr<LayoutCodec> layout = MakeLayout(ClientOptions());
  const std::shared_ptr<core::Dispatcher> dispatcher =
      std::make_shared<core::Dispatcher>();
  Follower follower;
};

Set Hostnames(const std::shared_ptr<core::Topic>& topic) {
  const auto snapshot = topic->snapshot();
  if (snapshot == nullptr) return {"(none)"};
  Set hostnames;
  for (const auto& instance : snapshot->AllInstances()) {
    hostnames.insert(instance->hostname);
  }
  return hostnames;
}

TEST_CASE("An application is read, then watched from the next revision on",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.Follow("x");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "x", {"h1"}));
  CHECK(Hostnames(topic) == Set{"h1"});
  f.Settle();
  const Pending watch = f.http.Waiting(kWatch);
  CHECK(StartsAt(watch, 11));
  f.http.Stream(watch, CreatedJson(1, 10));

  f.http.Stream(watch, PutJson(1, 11, "x", "h2"));
  f.Settle();
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
  f.http.Stream(watch, DeleteJson(1, 12, "x", "h1"));
  f.Settle();
  CHECK(Hostnames(topic) == Set{"h2"});
}

TEST_CASE("A message in pieces, and several in a piece, are read",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1"});
  const Pending watch = f.http.Waiting(kWatch);
  const std::string messages =
      PutJson(1, 11, "x", "h2") + "\n" + PutJson(1, 12, "x", "h3") + "\n";
  const std::size_t size = GENERATE(1u, 7u, 10'000u);
  for (std::size_t at = 0; at < messages.size(); at += size) {
    f.http.Stream(watch, std::string_view(messages).substr(at, size));
  }
  f.Settle();
  CHECK(Hostnames(topic) == Set{"h1", "h2", "h3"});
}

TEST_CASE("The last one to leave under a watch leaves an empty list",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1"});
  f.http.Stream(f.http.Waiting(kWatch), DeleteJson(1, 11, "x", "h1"));
  f.Settle();
  CHECK(Hostnames(topic).empty());
}

TEST_CASE("What was compacted between the read and the watch is read again",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.Follow("x");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "x", {"h1"}));
  f.Settle();
  f.http.Stream(f.http.Waiting(kWatch), CreatedJson(1, 30));
  f.http.Stream(
      f.http.Waiting(kWatch),
      MessageJson(1, 30, R"("canceled":true,"compact_revision":"25")"));
  f.http.Answer(f.http.Waiting(kRange), RangeJson(30, "x", {"h1", "h2"}));
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
  f.Settle();
  CHECK(StartsAt(f.http.Waiting(kWatch), 31));
  CHECK(f.http.CountWaiting(kWatch) == 1);
}

TEST_CASE("After a break the list stays and is read again",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1", "h2", "h3"});
  const Pending watch = f.http.Waiting(kWatch);
  SECTION("the member closes the stream") { f.http.Answer(watch, ""); }
  SECTION("the connection breaks") {
    f.http.Fail(watch, absl::UnavailableError("connection reset"));
  }
  SECTION("no leader") {
    f.http.Stream(watch, R"({"error":{"grpc_code":14,"http_code":503,)"
                         R"("message":"etcdserver: no leader"}})");
  }
  SECTION("the stream is no JSON") { f.http.Stream(watch, "<html>"); }
  CHECK(Hostnames(topic) == Set{"h1", "h2", "h3"});
  // The store is empty now: nothing live says so, and the guard holds.
  f.loop.Advance(milliseconds(200));
  const Pending again = f.http.Waiting(kRange);
  CHECK(again.node != watch.node);
  f.http.Answer(again, RangeJson(12, "x", {}));
  CHECK(Hostnames(topic) == Set{"h1", "h2", "h3"});
  f.Settle();
  CHECK(StartsAt(f.http.Waiting(kWatch), 13));
}

TEST_CASE("A break just after a change doesn't make the next read live",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1", "h2", "h3"});
  const Pending watch = f.http.Waiting(kWatch);
  f.http.Stream(watch, DeleteJson(1, 11, "x", "h1"));
  f.loop.Advance(milliseconds(8));
  f.http.Stream(watch, PutJson(1, 12, "x", "h4"));
  f.http.Fail(watch, absl::UnavailableError("connection reset"));
  CHECK(Hostnames(topic) == Set{"h2", "h3", "h4"});
  f.Settle();
  f.loop.Advance(milliseconds(200));
  f.http.Answer(f.http.Waiting(kRange), RangeJson(13, "x", {}));
  CHECK(Hostnames(topic) == Set{"h2", "h3", "h4"});
}

TEST_CASE("A store that has lost data empties no list", "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1", "h2"});
  f.RunUntilResync(3, {});
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
  // The watch that was open waits for a revision that won't come for long.
  CHECK(StartsAt(f.http.Waiting(kWatch), 4));
  f.http.Stream(f.http.Waiting(kWatch), CreatedJson(1, 3));
  f.http.Stream(f.http.Waiting(kWatch), PutJson(1, 4, "x", "h1"));
  f.Settle();
  CHECK(Hostnames(topic).count("h1") == 1);
}

TEST_CASE("A member that is behind the list is asked again",
          "[etcd][follower]") {
  FollowerFixture f;
  f.Follow("x");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "x", {"h1"}));
  f.Settle();
  f.http.Stream(f.http.Waiting(kWatch), CreatedJson(1, 8));
  CHECK(f.http.CountWaiting(kRange) == 1);
}

TEST_CASE("A stream that doesn't begin is left for another member",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.Follow("x");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "x", {"h1"}));
  f.Settle();
  const std::string node = f.http.Waiting(kWatch).node;
  f.loop.Advance(seconds(3));
  f.AnswerNextRead(milliseconds(200), 10, {"h1"});
  CHECK(f.http.Waiting(kWatch).node != node);
  CHECK(f.http.CountWaiting(kWatch) == 1);
  CHECK(Hostnames(topic) == Set{"h1"});
}

TEST_CASE("A member that answers nothing any more loses its streams",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1"});
  const std::string node = f.http.Waiting(kWatch).node;
  f.loop.Advance(seconds(5));
  const Pending probe = f.http.Waiting(kRange);
  CHECK(probe.node == node);
  f.http.Fail(probe, absl::DeadlineExceededError("no answer"));
  CHECK(f.http.CountWaiting(kWatch) == 0);
  f.AnswerNextRead(milliseconds(200), 11, {"h1", "h2"});
  CHECK(f.http.Waiting(kWatch).node != node);
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
}

TEST_CASE("What a stream doesn't bring is found by reading again",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1"});
  f.RunUntilResync(15, {"h1", "h2"});
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
  CHECK(StartsAt(f.http.Waiting(kWatch), 16));
}

TEST_CASE("A stream that has had its time is opened where it was",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.FollowWatched({"h1"});
  f.http.Stream(f.http.Waiting(kWatch), PutJson(1, 14, "x", "h2"));
  f.Settle();
  f.http.Fail(f.http.Waiting(kWatch),
              absl::DeadlineExceededError("its life is over"));
  CHECK(f.http.CountWaiting(kRange) == 0);
  CHECK(StartsAt(f.http.Waiting(kWatch), 15));
  CHECK(Hostnames(topic) == Set{"h1", "h2"});
}

TEST_CASE("What isn't permitted on a stream keeps nobody else from it",
          "[etcd][follower]") {
  FollowerOptions options;
  options.max_streams = 1;
  FollowerFixture f(options);
  const std::string denied =
      R"("created":true,"canceled":true,"cancel_reason":"rpc error: code = )"
      R"(PermissionDenied desc = etcdserver: permission denied")";
  const auto x = f.Follow("x");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "x", {"h1"}));
  const auto y = f.Follow("y");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "y", {"h1"}));
  f.Settle();
  f.http.Stream(f.http.Waiting(kWatch), CreatedJson(1, 10));
  f.http.Stream(f.http.Waiting(kWatch), MessageJson(-1, 10, denied));
  f.loop.Advance(milliseconds(200));
  REQUIRE(f.http.CountWaiting(kRange) == 2);
  f.follower.Unfollow(y);
  f.loop.RunReady();
  f.http.Answer(f.http.Waiting(kRange), RangeJson(11, "x", {"h1", "h2"}));
  f.Settle();
  CHECK(Hostnames(x) == Set{"h1", "h2"});
  CHECK(f.http.CountWaiting(kWatch) == 1);
}

TEST_CASE("What isn't permitted is tried again after half a minute",
          "[etcd][follower]") {
  FollowerFixture f;
  f.Follow("x");
  const Pending read = f.http.Waiting(kRange);
  SECTION("for the user") {
    f.http.Answer(read, ErrorJson("etcdserver: permission denied", 7), 403);
  }
  SECTION("for its size") {
    f.http.Fail(read, absl::ResourceExhaustedError("larger than 64 MiB"));
  }
  f.loop.Advance(seconds(29));
  CHECK(f.http.CountWaiting(kRange) == 0);
  f.loop.Advance(seconds(1));
  CHECK(f.http.CountWaiting(kRange) == 1);
}

TEST_CASE("Many applications share a bounded number of streams",
          "[etcd][follower]") {
  FollowerFixture f;
  std::vector<std::shared_ptr<core::Topic>> topics;
  for (int i = 0; i < 40; ++i) {
    const std::string app_id = absl::StrFormat("x%02d", i);
    topics.push_back(f.Follow(app_id));
    f.http.Answer(f.http.Waiting(kRange), RangeJson(10, app_id, {"h"}));
  }
  f.Settle();
  CHECK(f.http.CountWaiting(kWatch) == 16);
  for (const auto& topic : topics) {
    CHECK(Hostnames(topic) == Set{"h"});
    f.follower.Unfollow(topic);
  }
  f.loop.RunReady();
  CHECK(f.http.CountWaiting(kWatch) == 0);
}

TEST_CASE("Whose a watch is goes by the order in which the watches begin",
          "[etcd][follower]") {
  FollowerOptions options;
  options.max_streams = 1;
  FollowerFixture f(options);
  const auto x = f.Follow("x");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "x", {"h1"}));
  const auto y = f.Follow("y");
  f.http.Answer(f.http.Waiting(kRange), RangeJson(10, "y", {"h1"}));
  f.Settle();
  const Pending watch = f.http.Waiting(kWatch);
  // 0 isn't written in JSON.
  f.http.Stream(watch,
                R"({"result":{"header":{"revision":"10"},"created":true}})");
  f.http.Stream(watch, PutJson(0, 11, "x", "h2"));
  f.http.Stream(watch, CreatedJson(1, 11));
  f.http.Stream(watch, PutJson(1, 12, "y", "h3"));
  f.Settle();
  CHECK(Hostnames(x) == Set{"h1", "h2"});
  CHECK(Hostnames(y) == Set{"h1", "h3"});
}

TEST_CASE("A value that can't be read is left out and counted",
          "[etcd][follower]") {
  FollowerFixture f;
  const auto topic = f.Follow("x");
  f.http.Answer(
      f.http.Waiting(kRange),
      absl::StrFormat(R"({"header":{"revision":"10"},"kvs":[%s,{"key":"%s",)"
                      R"("mod_revision":"3","value":"%s"}]})",
                      KvJson("x", "h1", 1), KeyOf("x", "h2"),
                      base::Base64Encode("{")));
  CHECK(Hostnames(topic) == Set{"h1"});
  CHECK(f.follower.bad_values() == 1);
  f.follower.Unfollow(topic);
  f.loop.RunReady();
  CHECK(f.follower.bad_values() == 0);
}

}  // namespace
}  // namespace naming::etcd
