// SPDX-License-Identifier: Apache-2.0

#include "discovery/removal.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/status_mark.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/lease_fixture.h"

namespace naming::discovery {
namespace {

using Pending = testing::FakeHttpClient::Pending;

constexpr char kNodes[] = "/discovery/nodes";

// From the answer of a node that has woken to the last cancel.
constexpr std::chrono::milliseconds kSpreadTime{100};

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
    "[discovery][removal]") {
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
    f.http.Fail(sent, base::kUnsent.PutOn(kRefused));
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
  SECTION("not one whose look at the result only waits") {
    if (path == kRegister) {
      f.http.Answer(sent, CodeJson(0));
      f.http.Withhold(f.http.Waiting(kRenew));
      f.GiveUp(sent);
      CHECK(AskedOf(f).size() == 1);
    }
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
          "[discovery][removal]") {
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
    f.http.Fail(behind, base::kUnsent.PutOn(kRefused));
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
              "a %s before, which it may yet execute",
              sent.node, other, path == kRegister ? "register" : "renewal")));
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

TEST_CASE("Behind a register waits a cancel whatever was sent after it",
          "[discovery][removal]") {
  UnsureFixture f;
  f.Send(kRegister);
  f.lease.Abort();
  f.GiveUp(f.Send(kRenew));
  f.lease.Remove(f.Note());
  CHECK(f.http.CountWaiting(kCancel) == 2);
}

TEST_CASE("A removal that fails leaves the rest to the next attempt",
          "[discovery][removal]") {
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
          "[discovery][removal]") {
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

TEST_CASE("A node that hung for long is taken for dead",
          "[discovery][removal]") {
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
          "[discovery][removal]") {
  UnsureFixture f;
  f.Send(kRenew);
  f.lease.Abort();
  f.lease.Remove(f.Note());
  f.http.Answer(f.http.Waiting(kCancel), CodeJson(0));
  f.loop.Advance(kSpreadTime);
  f.http.Answer(f.http.Waiting(kCancel), CodeJson(-404));
  CHECK(f.result == absl::OkStatus());
}

}  // namespace
}  // namespace naming::discovery
