// SPDX-License-Identifier: Apache-2.0

#include "discovery/lease.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/unsent.h"
#include "core/keeper.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::hours;

using Pending = testing::FakeHttpClient::Pending;

constexpr char kRegister[] = "/discovery/register";
constexpr char kRenew[] = "/discovery/renew";
constexpr char kCancel[] = "/discovery/cancel";
constexpr char kNodes[] = "/discovery/nodes";

// From the answer of a node that has woken to the last cancel.
constexpr std::chrono::milliseconds kSpreadTime{100};

const absl::Status kRefused = absl::UnavailableError("refused");

struct LeaseFixture : Fixture {
  explicit LeaseFixture(std::vector<std::string> seeds = {"http://a:1"})
      : Fixture(std::move(seeds)), lease(loop, requester, MakeInstance()) {}

  core::Lease::Done Note() {
    result.reset();
    return [this](absl::Status status) { result = std::move(status); };
  }

  static std::int64_t DirtyOf(const Pending& sent) {
    return base::ParseInt64(sent.Values("dirty_timestamp").at(0)).value();
  }

  // What a node holds after the register `sent`, with `change` over it.
  static std::string Stored(const Pending& sent,
                            const std::string& addrs = R"(["http://h:80"])",
                            const std::string& metadata = R"({"weight":"20"})",
                            int status = 1, std::int64_t newer_by = 0) {
    return absl::StrFormat(
        R"({"code":0,"message":"0","ttl":1,"data":{"appid":"x","hostname":"h",)"
        R"("env":"dev","zone":"z","addrs":%s,"version":"v1","metadata":%s,)"
        R"("status":%d,"dirty_timestamp":%d}})",
        addrs, metadata, status, DirtyOf(sent) + newer_by);
  }

  // Puts `instance` with every node as it should be; returns the register.
  Pending Put(const Instance& instance = MakeInstance()) {
    lease.Put(instance, Note());
    const Pending sent = http.Waiting(kRegister);
    http.Answer(sent, CodeJson(0));
    http.Answer(
        http.Waiting(kRenew),
        Stored(sent, R"(["http://h:80"])", R"({"weight":"20"})",
               sent.Values("status") == std::vector<std::string>{"1"} ? 1 : 2));
    REQUIRE(result == absl::OkStatus());
    return sent;
  }

  // Renews, and answers with `body`.
  void Refresh(const std::string& body) {
    lease.Refresh(Note());
    http.Answer(http.Waiting(kRenew), body);
  }

  Lease lease;
  std::optional<absl::Status> result;
};

TEST_CASE(
    "Put registers and looks at the result, Refresh renews, Remove cancels",
    "[discovery][lease]") {
  LeaseFixture f;
  SECTION("register") {
    f.lease.Put(MakeInstance(), f.Note());
    const Pending sent = f.http.Waiting(kRegister);
    CHECK(sent.Values("addrs") == std::vector<std::string>{"http://h:80"});
    CHECK(sent.Values("appid") == std::vector<std::string>{"x"});
    f.http.Answer(sent, CodeJson(0));
    CHECK_FALSE(f.result);
    f.http.Answer(f.http.Waiting(kRenew), f.Stored(sent));
  }
  SECTION("renew") {
    f.lease.Refresh(f.Note());
    const Pending sent = f.http.Waiting(kRenew);
    CHECK(sent.Values("hostname") == std::vector<std::string>{"h"});
    f.http.Answer(sent, R"({"code":0,"message":"0","ttl":1,"data":{}})");
  }
  SECTION("cancel") {
    f.lease.Remove(f.Note());
    const Pending sent = f.http.Waiting(kCancel);
    CHECK(sent.Values("zone") == std::vector<std::string>{"z"});
    f.http.Answer(sent, CodeJson(0));
  }
  CHECK(f.result == absl::OkStatus());
  CHECK(f.http.pending().empty());
}

TEST_CASE("A renew that a node doesn't know says kNotFound",
          "[discovery][lease]") {
  LeaseFixture f;
  f.Refresh(CodeJson(-404));
  CHECK(f.result ==
        absl::NotFoundError("discovery: renew x: http://a:1: code -404"));
}

TEST_CASE("Cancelling what a node doesn't know is a success",
          "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Remove(f.Note());
  f.http.Answer(f.http.Waiting(kCancel), CodeJson(-404));
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("A refused register says kInvalidArgument", "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  f.http.Answer(f.http.Waiting(kRegister), CodeJson(-400));
  CHECK(absl::IsInvalidArgument(f.result.value()));
}

TEST_CASE("dirty_timestamp is the time, and grows when the clock is set back",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  CHECK(f.DirtyOf(first) ==
        f.loop.clock().WallNow().time_since_epoch().count());
  f.loop.fake_clock().SetBackWall(hours(1));
  CHECK(f.DirtyOf(f.Put()) == f.DirtyOf(first) + 1);
}

TEST_CASE("A register that a node ignored for newer data is repeated above it",
          "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const Pending first = f.http.Waiting(kRegister);
  f.http.Answer(first, CodeJson(0));
  const std::string others =
      f.Stored(first, R"(["http://old:80"])", "{}", 1, 3'600'000'000'000);
  f.http.Answer(f.http.Waiting(kRenew), others);
  const Pending second = f.http.Waiting(kRegister);
  CHECK(f.DirtyOf(second) > f.DirtyOf(first) + 3'600'000'000'000);
  f.http.Answer(second, CodeJson(0));
  SECTION("and is done when the node has it") {
    f.http.Answer(f.http.Waiting(kRenew), f.Stored(second));
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("and fails for now when somebody else is faster") {
    f.http.Answer(f.http.Waiting(kRenew),
                  f.Stored(second, R"(["http://old:80"])", "{}", 1, 1));
    CHECK(f.result ==
          absl::UnavailableError("discovery: verify x: http://a:1: somebody "
                                 "else registers hostname h"));
    CHECK(f.http.pending().empty());
  }
}

TEST_CASE("What a node makes of a register is accepted", "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  f.http.Answer(sent, CodeJson(0));
  SECTION("one with a time of its own") {
    f.http.Answer(
        f.http.Waiting(kRenew),
        f.Stored(sent, R"(["http://h:80"])", R"({"weight":"20"})", 1, 1000));
  }
  SECTION("one that tells nothing") {
    f.http.Answer(f.http.Waiting(kRenew), CodeJson(0));
  }
  SECTION("one that lost the metadata") {
    const std::string stored = f.Stored(sent, R"(["http://h:80"])", "null");
    f.http.Answer(f.http.Waiting(kRenew), stored);
    REQUIRE(f.result == absl::OkStatus());
    f.Refresh(stored);  // And is not asked for it again and again.
  }
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("What a renew shows as it should be is left alone",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  SECTION("what is as it was") { f.Refresh(f.Stored(first)); }
  SECTION("addresses that a replica joined") {
    Instance two = MakeInstance();
    two.addrs = {"http://h:80", "grpc://h:90"};
    f.lease.Put(two, f.Note());
    const Pending sent = f.http.Waiting(kRegister);
    f.http.Answer(sent, CodeJson(0));
    f.http.Answer(f.http.Waiting(kRenew),
                  f.Stored(sent, R"(["http://h:80","grpc://h:90"])"));
    f.Refresh(f.Stored(sent, R"(["http://h:80,grpc://h:90"])"));
  }
  SECTION("metadata that was added") {
    f.Refresh(
        f.Stored(first, R"(["http://h:80"])", R"({"weight":"20","rack":"7"})"));
  }
  SECTION("what is set to waiting") {
    f.Refresh(f.Stored(first, R"(["http://h:80"])", R"({"weight":"20"})", 2));
  }
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("What somebody else changed is put again", "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  const auto is_put_again = [&f, &first](const std::string& stored) {
    f.Refresh(stored);
    REQUIRE(absl::IsNotFound(f.result.value()));
    CHECK(f.requester.counters().drift_repairs.value() == 1);
    CHECK(f.lease.node() == "http://a:1");
    CHECK(f.DirtyOf(f.Put()) > f.DirtyOf(first) + 5000);
  };
  SECTION("addresses") {
    is_put_again(
        f.Stored(first, R"(["http://x:1"])", R"({"weight":"20"})", 1, 5000));
  }
  SECTION("addresses, and the log tells of the other program") {
    f.Refresh(
        f.Stored(first, R"(["http://x:1"])", R"({"weight":"20"})", 1, 5000));
    CHECK(f.result ==
          absl::NotFoundError(
              "discovery: renew x: http://a:1: somebody else has registered "
              "hostname h, with http://x:1: two programs must not share one "
              "(options.hostname, HOSTNAME)"));
  }
  SECTION("metadata of ours") {
    is_put_again(
        f.Stored(first, R"(["http://h:80"])", R"({"weight":"1"})", 1, 5000));
  }
  SECTION("metadata of ours that is gone") {
    is_put_again(f.Stored(first, R"(["http://h:80"])", "{}", 1, 5000));
  }
}

TEST_CASE("What others set to waiting stays so until the program updates it",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending first = f.Put();
  f.Refresh(f.Stored(first, R"(["http://h:80"])", R"({"weight":"20"})", 2));
  const std::vector<std::string> up = {"1"};
  const std::vector<std::string> waiting = {"2"};
  SECTION("also when it is put again for another reason") {
    CHECK(f.Put().Values("status") == waiting);
  }
  SECTION("not when the program changes something") {
    Instance changed = MakeInstance();
    changed.region = "other";
    CHECK(f.Put(changed).Values("status") == up);
  }
  SECTION("not when the registry has lost it") {
    f.Refresh(CodeJson(-404));
    CHECK(f.Put().Values("status") == up);
  }
  SECTION("not when they set it back") {
    f.Refresh(f.Stored(first));
    CHECK(f.Put().Values("status") == up);
  }
}

TEST_CASE("What another program registers as waiting is put again as it was",
          "[discovery][lease]") {
  LeaseFixture f;
  const Pending sent = f.Put();
  f.Refresh(
      f.Stored(sent, R"(["http://other:80"])", R"({"weight":"20"})", 2, 5));
  CHECK(absl::IsNotFound(*f.result));
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.Waiting(kRegister).Values("status") ==
        std::vector<std::string>{"1"});
}

TEST_CASE("A dirty_timestamp that can't be passed is met",
          "[discovery][lease]") {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  f.http.Answer(sent, CodeJson(0));
  f.http.Answer(f.http.Waiting(kRenew),
                f.Stored(sent, R"(["http://other:80"])", "{}", 1,
                         kLargest - f.DirtyOf(sent)));
  const Pending again = f.http.Waiting(kRegister);
  CHECK(f.DirtyOf(again) == kLargest);
  f.http.Answer(again, CodeJson(0));
  f.http.Answer(f.http.Waiting(kRenew), f.Stored(again));
  CHECK(f.result == absl::OkStatus());
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.DirtyOf(f.http.Waiting(kRegister)) == kLargest);
}

TEST_CASE("A cancel leaves time for another node while somebody waits for it",
          "[discovery][lease]") {
  constexpr std::chrono::milliseconds kTimeout{2000};
  // What is under way has half of it.
  constexpr std::chrono::milliseconds kLeft = kTimeout / 2;
  Fixture f({"http://a:1", "http://b:1"});
  Lease lease(f.loop, f.requester, MakeInstance(), kTimeout);
  lease.Remove([](const absl::Status&) {});
  const Pending cancel = f.http.Waiting(kCancel);
  CHECK(cancel.Header("x1-bmspy-timeout") == "666");
  CHECK(cancel.request.timeout == std::chrono::milliseconds(666));
  CHECK(cancel.request.timeout + 2 * core::KeeperOptions().first_retry < kLeft);
  f.http.Fail(cancel, absl::DeadlineExceededError("timed out"));
  lease.Remove([](const absl::Status&) {});
  CHECK(f.http.Waiting(kCancel).node != cancel.node);
}

TEST_CASE("What the program set to waiting is put again when others set it up",
          "[discovery][lease]") {
  LeaseFixture f;
  Instance instance = MakeInstance();
  instance.status = Instance::Status::kWaiting;
  const Pending first = f.Put(instance);
  f.Refresh(f.Stored(first));
  CHECK(absl::IsNotFound(f.result.value()));
}

TEST_CASE("The next attempt after a failure goes to another node",
          "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1"});
  f.lease.Put(MakeInstance(), f.Note());
  const Pending first = f.http.Waiting(kRegister);
  f.http.Fail(first, absl::UnavailableError("refused"));
  CHECK(absl::IsUnavailable(f.result.value()));
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.Waiting(kRegister).node != first.node);
}

TEST_CASE("The look at the result goes to the node that was asked",
          "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1", "http://c:1"});
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  f.http.Answer(sent, CodeJson(0));
  const Pending look = f.http.Waiting(kRenew);
  CHECK(look.node == sent.node);
  SECTION("and when that fails, so has the put") {
    f.http.Fail(look, absl::UnavailableError("reset"));
    CHECK(absl::IsUnavailable(f.result.value()));
  }
  SECTION("and when it is gone, the put may be tried again") {
    f.http.Answer(look, CodeJson(-404));
    CHECK(absl::IsUnavailable(f.result.value()));
  }
}

TEST_CASE(
    "The look at the result goes nowhere else, though another is preferred",
    "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1"});
  const std::string preferred = f.nodes.Choose().value();
  f.nodes.Failed(preferred, f.loop.clock().Now(), kRefused);
  f.lease.Put(MakeInstance(), f.Note());
  const Pending sent = f.http.Waiting(kRegister);
  REQUIRE(sent.node != preferred);
  f.nodes.Succeeded(preferred);
  REQUIRE(f.nodes.Choose() == preferred);
  f.http.Answer(sent, CodeJson(0));
  const Pending look = f.http.Waiting(kRenew);
  CHECK(look.node == sent.node);
  SECTION("nor does the register that is repeated") {
    f.http.Answer(look, f.Stored(sent, R"(["http://old:80"])", "{}", 1, 5000));
    CHECK(f.http.Waiting(kRegister).node == sent.node);
  }
}

// What v1.1.x does: a list is one text with commas there (A.14).
TEST_CASE("A node that keeps the first of several addresses gets them as one",
          "[discovery][lease]") {
  LeaseFixture f({"http://a:1", "http://b:1"});
  Instance two = MakeInstance();
  two.addrs = {"http://h:80", "grpc://h:90"};
  const std::vector<std::string> joined = {"http://h:80,grpc://h:90"};
  f.lease.Put(two, f.Note());
  const Pending first = f.http.Waiting(kRegister);
  CHECK(first.Values("addrs") == two.addrs);
  f.http.Answer(first, CodeJson(0));
  f.http.Answer(f.http.Waiting(kRenew), f.Stored(first));
  CHECK_FALSE(f.result);
  const Pending second = f.http.Waiting(kRegister);
  CHECK(second.node == first.node);
  CHECK(second.Values("addrs") == joined);
  f.http.Answer(second, CodeJson(0));
  SECTION("and the put is done when it has all") {
    f.http.Answer(f.http.Waiting(kRenew),
                  f.Stored(second, R"(["http://h:80","grpc://h:90"])"));
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("and isn't asked again and again when it hasn't") {
    f.http.Answer(f.http.Waiting(kRenew), f.Stored(second));
    CHECK(f.result == absl::OkStatus());
    CHECK(f.http.pending().empty());
  }
  SECTION("and no other node does") {
    f.http.Fail(f.http.Waiting(kRenew), kRefused);
    f.lease.Put(two, f.Note());
    const Pending other = f.http.Waiting(kRegister);
    REQUIRE(other.node != first.node);
    CHECK(other.Values("addrs") == two.addrs);
    f.http.Fail(other, kRefused);
    // The next time it is known.
    f.nodes.Succeeded(first.node);
    f.lease.Put(two, f.Note());
    const Pending again = f.http.Waiting(kRegister);
    REQUIRE(again.node == first.node);
    CHECK(again.Values("addrs") == joined);
  }
}

// Returns the nodes that a removal asks at first, and answers.
std::vector<std::string> AskedOf(LeaseFixture& f) {
  f.lease.Remove(f.Note());
  std::vector<std::string> nodes;
  while (!f.http.pending().empty()) {
    const Pending asked = f.http.pending().at(0);
    nodes.push_back(asked.node);
    f.http.Answer(asked, CodeJson(0));
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

// Has the time pass after which the last cancels are sent, and answers.
std::vector<std::string> LastCancelsOf(LeaseFixture& f) {
  CHECK(f.http.pending().empty());
  CHECK_FALSE(f.result);
  f.loop.Advance(kSpreadTime);
  std::vector<std::string> nodes;
  while (!f.http.pending().empty()) {
    const Pending cancel = f.http.Waiting(kCancel);
    nodes.push_back(cancel.node);
    f.http.Answer(cancel, CodeJson(-404));
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

// A Lease with two nodes, one of which was sent something and given up.
struct UnsureFixture : LeaseFixture {
  UnsureFixture() : LeaseFixture({"http://a:1", "http://b:1"}) {}

  // Sends what `path` is for; returns it.
  Pending Send(std::string_view path) {
    if (path == kRegister) {
      lease.Put(MakeInstance(), Note());
    } else {
      lease.Refresh(Note());
    }
    return http.Waiting(path);
  }

  // From now on the other node is asked.
  void Leave(const std::string& node) {
    nodes.Failed(node, loop.clock().Now(), kRefused);
    REQUIRE(nodes.Choose() != node);
  }

  void GiveUp(const Pending& sent) {
    lease.Abort();
    Leave(sent.node);
  }
};

TEST_CASE(
    "Where a register or a renewal may yet be executed a removal asks as well",
    "[discovery][lease]") {
  UnsureFixture f;
  const std::vector<std::string> both = {"http://a:1", "http://b:1"};
  const std::string path = GENERATE(kRegister, kRenew);
  const Pending sent = f.Send(path);
  SECTION("one that was given up") {
    f.GiveUp(sent);
    CHECK(AskedOf(f) == both);
  }
  SECTION("one that brought no answer") {
    f.http.Fail(sent, absl::DeadlineExceededError("timed out"));
    REQUIRE(f.nodes.Choose() != sent.node);
    CHECK(AskedOf(f) == both);
  }
  SECTION("not one that never got out") {
    f.http.Fail(sent, base::Unsent(kRefused));
    REQUIRE(f.nodes.Choose() != sent.node);
    CHECK(AskedOf(f).size() == 1);
  }
  SECTION("not one that the node has answered") {
    f.http.Answer(sent, CodeJson(0));
    if (path == kRegister) {
      f.http.Answer(f.http.Waiting(kRenew), f.Stored(sent));
    }
    f.Leave(sent.node);
    CHECK(AskedOf(f).size() == 1);
  }
  SECTION("not one that came before another that the node has answered") {
    f.lease.Abort();
    const Pending second = f.Send(kRenew);
    REQUIRE(second.node == sent.node);
    f.http.Answer(second, CodeJson(0));
    f.Leave(sent.node);
    CHECK(AskedOf(f).size() == 1);
  }
  SECTION("not at a node that is none any more") {
    f.lease.Abort();
    f.nodes.Learn({"http://c:1"});
    const Pending third = f.Send(kRenew);
    REQUIRE(third.node == "http://c:1");
    f.lease.Abort();
    f.nodes.Learn({});
    const std::vector<std::string> asked = AskedOf(f);
    CHECK(std::count(asked.begin(), asked.end(), "http://c:1") == 0);
  }
}

TEST_CASE("A removal isn't done before a node that hung has executed it",
          "[discovery][lease]") {
  UnsureFixture f;
  const std::string path = GENERATE(kRegister, kRenew);
  const bool is_behind_last = GENERATE(true, false);
  const std::vector<std::string> both = {"http://a:1", "http://b:1"};
  const Pending sent = f.Send(path);
  f.GiveUp(sent);
  f.lease.Remove(f.Note());
  REQUIRE(f.http.pending().size() == 2);
  const Pending behind = f.http.pending().at(0);
  CHECK(behind.node == sent.node);
  CHECK(behind.path == (path == kRegister ? kCancel : kNodes));
  CHECK(behind.request.passes_line);
  const auto answer_cancel = [&] {
    f.http.Answer(f.http.pending().back(), CodeJson(0));
    CHECK_FALSE(f.result);
  };
  if (is_behind_last) answer_cancel();
  SECTION("and what it spreads then is cancelled once more") {
    f.http.Answer(behind, CodeJson(-404));
    if (!is_behind_last) answer_cancel();
    f.loop.Advance(kSpreadTime - std::chrono::milliseconds(1));
    CHECK(f.http.pending().empty());
    f.loop.Advance(std::chrono::milliseconds(1));
    REQUIRE(f.http.CountWaiting(kCancel) == 2);
    const Pending at_woken = f.http.pending().at(0);
    const Pending again = f.http.pending().at(1);
    CHECK(at_woken.node == sent.node);
    CHECK(again.node != sent.node);
    SECTION("successfully") {
      f.http.Answer(again, CodeJson(0));
      CHECK_FALSE(f.result);
      f.http.Answer(at_woken, CodeJson(-404));
      CHECK(f.result == absl::OkStatus());
      CHECK(AskedOf(f).size() == 1);
      CHECK(f.result == absl::OkStatus());
    }
    SECTION("or not, and then by the next attempt") {
      f.http.Answer(at_woken, CodeJson(0));
      f.http.Fail(again, kRefused);
      CHECK(absl::IsUnavailable(f.result.value()));
      // Now the one that has woken is chosen.
      const std::vector<std::string> woken = {sent.node};
      CHECK(AskedOf(f) == woken);
      CHECK(LastCancelsOf(f) == woken);
      CHECK(f.result == absl::OkStatus());
    }
    SECTION("most likely, when the answers take long") {
      for (const Pending& slow : {again, at_woken}) {
        CHECK(slow.request.timeout == std::chrono::milliseconds(200));
        f.http.Fail(slow, absl::DeadlineExceededError("timed out"));
      }
      CHECK(f.result == absl::OkStatus());
    }
    SECTION("unless nobody waits for it any more") {
      f.lease.Abort();
      CHECK(f.http.pending().empty());
    }
  }
  SECTION("unless nobody waits for that any more") {
    f.http.Answer(behind, CodeJson(0));
    if (!is_behind_last) answer_cancel();
    f.lease.Abort();
    f.loop.Advance(kSpreadTime);
    CHECK(f.http.pending().empty());
  }
  SECTION("whatever that says") {
    f.http.Fail(behind, absl::UnavailableError("cut off"));
    if (!is_behind_last) answer_cancel();
    CHECK(LastCancelsOf(f) == both);
  }
  SECTION("unless it is dead") {
    f.http.Fail(behind, base::Unsent(kRefused));
    if (!is_behind_last) f.http.Answer(f.http.pending().back(), CodeJson(0));
    CHECK(f.result == absl::OkStatus());
  }
  SECTION("and fails while it hangs, for the next attempt to go on") {
    f.http.Fail(behind, absl::DeadlineExceededError("timed out"));
    if (!is_behind_last) f.http.Answer(f.http.pending().back(), CodeJson(0));
    const std::string other =
        sent.node == both.front() ? both.back() : both.front();
    CHECK(f.result ==
          absl::DeadlineExceededError(absl::StrFormat(
              "discovery: cancel x: %s: %s has done it, but this one was sent "
              "a register or a renewal before, which it may yet execute",
              sent.node, other)));
    CHECK(AskedOf(f) == both);
    CHECK(LastCancelsOf(f) == both);
    CHECK(f.result == absl::OkStatus());
    CHECK(AskedOf(f).size() == 1);
  }
  SECTION("while somebody waits") {
    f.lease.Abort();
    CHECK(f.http.pending().empty());
    f.loop.Advance(std::chrono::seconds(5));
    CHECK_FALSE(f.result);
  }
}

TEST_CASE("A removal that fails leaves the rest to the next attempt",
          "[discovery][lease]") {
  UnsureFixture f;
  f.GiveUp(f.Send(kRenew));
  f.lease.Remove(f.Note());
  REQUIRE(f.http.pending().size() == 2);
  const Pending behind = f.http.Waiting(kNodes);
  const Pending cancel = f.http.Waiting(kCancel);
  SECTION("also the node that hangs") {
    f.http.Answer(cancel, CodeJson(-500));
    REQUIRE(f.result);
    CHECK_FALSE(f.result->ok());
    CHECK(f.http.pending().empty());
  }
  SECTION("also what one that has woken may have spread") {
    f.http.Answer(behind, CodeJson(0));
    f.http.Answer(cancel, CodeJson(-500));
    REQUIRE(f.result);
    CHECK_FALSE(f.result->ok());
    const std::vector<std::string> woken = {behind.node};
    CHECK(AskedOf(f) == woken);
    CHECK(LastCancelsOf(f) == woken);
    CHECK(f.result == absl::OkStatus());
  }
}

TEST_CASE("While every node is backing off one that hung is asked to cancel",
          "[discovery][lease]") {
  UnsureFixture f;
  const Pending sent = f.Send(kRenew);
  f.lease.Abort();
  while (const auto node = f.nodes.Choose()) {
    f.nodes.Failed(*node, f.loop.clock().Now(), kRefused);
  }
  f.lease.Remove(f.Note());
  CHECK(f.http.pending().size() == 1);
  CHECK(f.http.Waiting(kCancel).node == sent.node);
}

TEST_CASE("A node that hung for long is taken for dead", "[discovery][lease]") {
  UnsureFixture f;
  const Pending sent = f.Send(kRenew);
  f.GiveUp(sent);
  f.loop.Advance(std::chrono::minutes(5) - std::chrono::milliseconds(1));
  const bool is_in_time = GENERATE(true, false);
  if (!is_in_time) f.loop.Advance(std::chrono::milliseconds(1));
  f.Leave(sent.node);
  CHECK(AskedOf(f).size() == (is_in_time ? 2 : 1));
}

TEST_CASE("A node that hung and executes the removal itself is enough",
          "[discovery][lease]") {
  UnsureFixture f;
  f.Send(kRenew);
  f.lease.Abort();
  f.lease.Remove(f.Note());
  f.http.Answer(f.http.Waiting(kCancel), CodeJson(0));
  f.loop.Advance(kSpreadTime);
  f.http.Answer(f.http.Waiting(kCancel), CodeJson(-404));
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("While every node is backing off nothing is sent",
          "[discovery][lease]") {
  LeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  f.http.Fail(f.http.Waiting(kRegister), absl::UnavailableError("refused"));
  f.lease.Put(MakeInstance(), f.Note());
  CHECK(f.http.pending().empty());
  CHECK_FALSE(f.result);  // Never from within the call.
  SECTION("and the lease says why") {
    f.loop.RunReady();
    CHECK(f.result ==
          base::Unsent(absl::UnavailableError(
              "discovery: register x: every node failed lately; the last one: "
              "http://a:1: refused")));
  }
  SECTION("and an abort keeps it quiet") {
    f.lease.Abort();
    f.loop.RunReady();
    CHECK_FALSE(f.result);
  }
}

TEST_CASE("Abort and destruction drop the request under way",
          "[discovery][lease]") {
  LeaseFixture f;
  SECTION("abort") {
    f.lease.Put(MakeInstance(), f.Note());
    f.lease.Abort();
  }
  SECTION("abort of the look at the result") {
    f.lease.Put(MakeInstance(), f.Note());
    f.http.Answer(f.http.Waiting(kRegister), CodeJson(0));
    f.lease.Abort();
  }
  SECTION("destruction") {
    Lease lease(f.loop, f.requester, MakeInstance());
    lease.Put(MakeInstance(), f.Note());
  }
  CHECK(f.http.pending().empty());
  CHECK(f.http.aborted() == 1);
  CHECK_FALSE(f.result);
}

}  // namespace
}  // namespace naming::discovery
