// SPDX-License-Identifier: Apache-2.0
// What stands before nodes refuses the requests of some, and lets all others
// pass.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/discovery/lease_fixture.h"
#include "tests/unit/discovery/poller_fixture.h"

namespace naming::discovery {
namespace {

using Pending = testing::FakeHttpClient::Pending;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::vector<std::string> kTwoNodes = {"http://a:1", "http://b:1"};

bool IsForNode(const Pending& request) {
  return request.Values("appid") == List{std::string(kNodesAppId)};
}

bool Names(const Pending& request, const std::string& app_id) {
  const List app_ids = request.Values("appid");
  return std::find(app_ids.begin(), app_ids.end(), app_id) != app_ids.end();
}

// --- The Requester ---

Call MakeRead(const std::string& node) {
  Call call;
  call.what = "fetch x";
  call.node = node;
  call.path = kFetchs;
  call.parameters = "appid=x";
  return call;
}

struct AskingFixture : Fixture {
  AskingFixture() : Fixture(kTwoNodes) {
    id = requester.Send(MakeRead("http://a:1"),
                        [this](const absl::StatusOr<Answer>& answer) {
                          status = answer.status();
                        });
    sent = http.Waiting(kFetchs);
  }

  bool IsWell() { return requester.nodes().IsWell("http://a:1"); }

  Requester::RequestId id = 0;
  Pending sent;
  std::optional<absl::Status> status;
};

// What a node may answer that is no answer.
struct Nonsense {
  std::string body;
  int status_code;
};

TEST_CASE("A node that answers nonsense is asked for itself",
          "[discovery][fault]") {
  const Nonsense nonsense = GENERATE(
      Nonsense{"no", 500}, Nonsense{"no", 403}, Nonsense{"<html>", 200},
      Nonsense{CodeJson(-403), 200}, Nonsense{"", 0});
  AskingFixture f;
  const auto epoch = f.nodes.Epoch("http://a:1");
  if (nonsense.status_code == 0) {
    f.http.Fail(f.sent, absl::ResourceExhaustedError("too large"));
  } else {
    f.http.Answer(f.sent, nonsense.body, nonsense.status_code);
  }
  CHECK_FALSE(f.status);
  CHECK(f.IsWell());
  const Pending question = f.http.Waiting(kFetchs);
  CHECK(IsForNode(question));
  CHECK(question.node == "http://a:1");
  CHECK(question.Values("env") == List{"dev"});
  CHECK(question.request.passes_line);
  SECTION("and well if it answers that") {
    f.http.Answer(question, CodeJson(-404));
    CHECK(f.IsWell());
    CHECK(f.nodes.Epoch("http://a:1") == epoch);
    CHECK(kRequestsFault.IsOn(f.status.value()));
    CHECK_FALSE(kRequestsFault.IsOn(kRequestsFault.TakeOff(*f.status)));
  }
  SECTION("and failed if it doesn't") {
    f.http.Answer(question, "no", 502);
    CHECK_FALSE(f.IsWell());
    CHECK_FALSE(kRequestsFault.IsOn(f.status.value()));
  }
  SECTION("and failed if it is gone") {
    f.http.Fail(question, kReset);
    CHECK_FALSE(f.IsWell());
    CHECK_FALSE(kRequestsFault.IsOn(f.status.value()));
  }
  CHECK(f.http.pending().empty());
}

TEST_CASE("A node that failed is asked for itself rarely",
          "[discovery][fault]") {
  AskingFixture f;
  const auto answer = [&f](const Pending& request) {
    f.requester.nodes().Failed("http://a:1", f.loop.clock().Now(), kReset);
    f.http.Answer(request, "no", 500);
  };
  const auto ask = [&f] {
    f.requester.Send(
        MakeRead("http://a:1"),
        [&f](const absl::StatusOr<Answer>& told) { f.status = told.status(); });
    return f.http.Waiting(kFetchs);
  };
  answer(f.sent);
  REQUIRE(IsForNode(f.http.Waiting(kFetchs)));
  f.http.Answer(f.http.Waiting(kFetchs), "no", 500);
  CHECK_FALSE(kRequestsFault.IsOn(f.status.value()));
  f.loop.Advance(seconds(11));
  answer(ask());
  CHECK(f.http.pending().empty());
  CHECK_FALSE(kRequestsFault.IsOn(f.status.value()));
  f.loop.Advance(seconds(2));
  answer(ask());
  SECTION("and may be found well so") {
    f.http.Answer(f.http.Waiting(kFetchs), CodeJson(0));
    CHECK(f.IsWell());
    CHECK(kRequestsFault.IsOn(f.status.value()));
  }
}

TEST_CASE("For a second a node is known to answer", "[discovery][fault]") {
  AskingFixture f;
  f.http.Answer(f.sent, "no", 500);
  f.http.Answer(f.http.Waiting(kFetchs), CodeJson(0));
  const auto refuse = [&f] {
    f.status.reset();
    f.requester.Send(
        MakeRead("http://a:1"),
        [&f](const absl::StatusOr<Answer>& told) { f.status = told.status(); });
    f.http.Answer(f.http.Waiting(kFetchs), "no", 500);
  };
  f.loop.Advance(milliseconds(900));
  refuse();
  CHECK(kRequestsFault.IsOn(f.status.value()));
  f.loop.Advance(milliseconds(100));
  refuse();
  CHECK_FALSE(f.status);
  CHECK(IsForNode(f.http.Waiting(kFetchs)));
}

TEST_CASE("Whoever is in a hurry doesn't wait for a node's own answer",
          "[discovery][fault]") {
  AskingFixture f;
  std::optional<absl::Status> told;
  Call call = MakeRead("http://a:1");
  call.patience = milliseconds(500);
  f.requester.Send(std::move(call), [&](const absl::StatusOr<Answer>& answer) {
    told = answer.status();
  });
  f.http.Answer(f.http.pending().back(), "no", 500);
  CHECK(kRequestsFault.IsOn(told.value()));
  CHECK(IsForNode(f.http.pending().back()));
}

TEST_CASE("A poll is judged by a poll", "[discovery][fault]") {
  AskingFixture f;
  Call call = MakeRead("http://a:1");
  call.path = kPolls;
  call.hold = seconds(25);
  std::optional<absl::Status> told;
  f.requester.Send(std::move(call), [&](const absl::StatusOr<Answer>& answer) {
    told = answer.status();
  });
  f.http.Answer(f.http.Waiting(kPolls), "no", 500);
  const Pending question = f.http.Waiting(kPolls);
  CHECK(IsForNode(question));
  CHECK(question.Values("latest_timestamp") == List{"0"});
  CHECK(question.Values("hostname") == List{"me/nodes/1"});
  SECTION("that is answered") {
    f.http.Answer(question, CodeJson(-304));
    CHECK(kRequestsFault.IsOn(told.value()));
    CHECK_FALSE(kPollsFault.IsOn(told.value()));
  }
  SECTION("that is refused too") {
    f.http.Answer(question, "no", 500);
    const Pending last = f.http.pending().back();
    CHECK(last.path == kFetchs);
    SECTION("alone") {
      f.http.Answer(last, CodeJson(0));
      CHECK(kRequestsFault.IsOn(told.value()));
      CHECK(kPollsFault.IsOn(told.value()));
      CHECK(f.IsWell());
    }
    SECTION("as everything is") {
      f.http.Answer(last, "no", 500);
      CHECK_FALSE(kRequestsFault.IsOn(told.value()));
      CHECK_FALSE(f.IsWell());
    }
  }
}

TEST_CASE("A connection that breaks is the node's fault",
          "[discovery][fault]") {
  AskingFixture f;
  f.http.Fail(f.sent, kReset);
  CHECK_FALSE(f.IsWell());
  CHECK_FALSE(kRequestsFault.IsOn(f.status.value()));
}

TEST_CASE("Whatever is in doubt waits for one answer", "[discovery][fault]") {
  AskingFixture f;
  std::vector<absl::Status> others;
  std::vector<Requester::RequestId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(f.requester.Send(MakeRead("http://a:1"),
                                   [&](const absl::StatusOr<Answer>& answer) {
                                     others.push_back(answer.status());
                                     f.requester.Abort(ids[2]);
                                   }));
  }
  for (int i = 0; i < 4; ++i) f.http.Answer(f.http.pending()[0], "no", 500);
  REQUIRE(f.http.pending().size() == 1);
  for (const Requester::RequestId id : ids) CHECK(f.requester.MayBeSent(id));
  SECTION("which tells them") {
    f.http.Answer(f.http.pending()[0], CodeJson(0));
    CHECK(kRequestsFault.IsOn(f.status.value()));
    CHECK(others.size() == 2);  // The third one was aborted meanwhile.
  }
  SECTION("unless they were aborted") {
    f.requester.Abort(ids[0]);
    CHECK_FALSE(f.requester.MayBeSent(ids[0]));
    f.requester.Abort(f.id);
    f.http.Answer(f.http.pending()[0], CodeJson(0));
    CHECK_FALSE(f.status);
    CHECK(others.size() == 1);
  }
}

TEST_CASE("A node that refuses reads may refuse one write alone",
          "[discovery][fault]") {
  AskingFixture f;
  f.http.Answer(f.sent, "no", 500);
  f.http.Answer(f.http.Waiting(kFetchs), CodeJson(-500));
  CHECK(f.IsWell());
  CHECK(kRequestsFault.IsOn(f.status.value()));
}

// --- Applications ---

constexpr milliseconds kStep{5};

// Both nodes behind a proxy that has its own mind of some requests.
struct ProxyFixture : PollerFixture {
  explicit ProxyFixture(std::function<bool(const Pending&)> refuses_request)
      : PollerFixture(kTwoNodes, 64), refuses(std::move(refuses_request)) {}

  // Answers what comes, for so long. Polls that tell a version are held.
  void Serve(milliseconds time) {
    for (milliseconds now{0}; now < time; now += kStep) {
      for (const Pending& request : std::vector<Pending>(http.pending())) {
        const bool is_poll = request.path == kPolls;
        const List versions = request.Values("latest_timestamp");
        const bool is_held =
            is_poll && (holds_all_polls ||
                        std::count(versions.begin(), versions.end(), "0") == 0);
        if (is_down) {
          named += Names(request, "x5");
          http.Fail(request, kReset);
        } else if (refuses(request)) {
          ++refused;
          http.Answer(request, "no", 403);
        } else if (!is_held) {
          ++answered;
          http.Answer(
              request,
              DataJson(has_lists ? Lists(request.Values("appid")) : ""));
        }
      }
      loop.Advance(kStep);
    }
  }

  std::function<bool(const Pending&)> refuses;
  // Returns whether held polls have all of the applications but `app_id`.
  bool AllAreHeldBut(const std::string& app_id) const {
    Set held;
    for (const Pending& poll : http.pending()) {
      if (poll.path != kPolls) continue;
      const List app_ids = poll.Values("appid");
      held.insert(app_ids.begin(), app_ids.end());
    }
    return held.count(app_id) == 0 && held.size() + 1 == topics.size();
  }

  bool has_lists = true;
  bool holds_all_polls = false;
  bool is_down = false;
  int named = 0;  // How many named x5 while all was down.
  int refused = 0;
  int answered = 0;
};

TEST_CASE("An application that every node refuses doesn't touch the others",
          "[discovery][fault]") {
  const int count = 100;
  ProxyFixture f([](const Pending& request) { return Names(request, "x5"); });
  f.FollowMany(count);
  f.Serve(seconds(2));
  for (int i = 0; i < count; ++i) {
    CAPTURE(i);
    CHECK(Hostnames(f.topics[i]) ==
          (i == 5 ? Set{"(DEADLINE_EXCEEDED)"} : Set{"h"}));
  }
  std::atomic<bool> cancelled{false};
  const auto missing = f.topics[5]->Fetch(milliseconds(0), &cancelled);
  CHECK(missing.status().message().find("HTTP status 403") !=
        std::string_view::npos);
  for (const std::string& node : kTwoNodes) {
    CHECK(f.requester.nodes().IsWell(node));
  }
  CHECK(f.nodes.last_error().empty());
  f.refused = f.answered = 0;
  f.Serve(minutes(1));
  CHECK(f.refused <= 20);               // Of the one.
  CHECK(f.answered <= f.refused + 10);  // Each node for itself; little else.
  SECTION("and has its list when it's refused no more") {
    f.refuses = [](const Pending&) { return false; };
    f.Serve(seconds(15));
    CHECK(Hostnames(f.topics[5]) == Set{"h"});
  }
}

TEST_CASE("An application that is refused later doesn't hold up the others",
          "[discovery][fault]") {
  const bool are_polls_alone = GENERATE(false, true);
  CAPTURE(are_polls_alone);
  Set bad;
  ProxyFixture f([&](const Pending& request) {
    if (are_polls_alone && request.path != kPolls) return false;
    return std::any_of(bad.begin(), bad.end(), [&](const std::string& app_id) {
      return Names(request, app_id);
    });
  });
  f.FollowMany(60);
  f.Serve(seconds(1));
  REQUIRE(f.refused == 0);
  bad = {"x5"};
  f.Serve(seconds(1));
  CHECK(f.AllAreHeldBut("x5"));
  f.Serve(minutes(1));
  CHECK(f.AllAreHeldBut("x5"));
  CHECK(f.refused <= 50);
  SECTION("also not after another one") {
    bad = {"x5", "x40"};
    f.topics.pop_back();  // One more that isn't held.
    f.Serve(seconds(1));
    CHECK(f.AllAreHeldBut("x5"));
  }
  SECTION("and is with them again in the end") {
    bad.clear();
    f.Serve(seconds(16));
    for (int round = 0; round < 3; ++round) {
      for (const Pending& poll : std::vector<Pending>(f.http.pending())) {
        f.http.Answer(poll, CodeJson(-304));
      }
      f.Serve(seconds(3));
    }
    CHECK(f.http.CountWaiting(kPolls) == 1);
  }
}

TEST_CASE("What waits while others are refused is told of no error",
          "[discovery][fault]") {
  PollerFixture f({"http://a:1"}, 1);
  std::vector<std::shared_ptr<core::Topic>> topics;
  for (const char* const app_id : {"x", "y", "z"}) {
    topics.push_back(f.Follow(app_id));
  }
  f.Settle();
  REQUIRE(f.http.CountWaiting(kFetchs) == 2);
  f.http.Answer(f.http.Waiting(kFetchs), "no", 500);
  f.http.Answer(f.http.pending().back(), CodeJson(0));  // The node for itself.
  const std::atomic<bool> cancelled{false};
  const auto list = topics[2]->Fetch(milliseconds(0), &cancelled);
  CHECK(list.status().message().find("no node answers") ==
        std::string_view::npos);
}

TEST_CASE("Applications that don't exist are polled together after a fault",
          "[discovery][fault]") {
  bool is_faulty = true;
  ProxyFixture f(
      [&](const Pending& request) { return is_faulty && !IsForNode(request); });
  f.has_lists = false;
  f.FollowMany(100);
  f.Serve(seconds(20));
  is_faulty = false;
  f.holds_all_polls = true;
  f.Serve(minutes(1));
  for (const Pending& poll : std::vector<Pending>(f.http.pending())) {
    f.http.Answer(poll, CodeJson(-304));
  }
  f.Serve(seconds(5));
  CHECK(f.http.pending().size() <= 3);
}

TEST_CASE("What is refused takes no turns when all nodes are down",
          "[discovery][fault]") {
  ProxyFixture f([](const Pending& request) { return Names(request, "x5"); });
  f.FollowMany(10);
  f.Serve(seconds(1));
  f.is_down = true;
  f.Serve(seconds(16));  // What is under way, and what a first turn finds out.
  f.named = 0;
  f.Serve(seconds(30));
  CHECK(f.named == 0);
  f.is_down = false;
  f.Serve(seconds(6));
  CHECK(f.AllAreHeldBut("x5"));
}

TEST_CASE("Polls that something ends before their time are held for less",
          "[discovery][fault]") {
  PollerFixture f;
  f.FollowHeld("x", 7, {"h1"});
  const auto end_poll = [&f] {
    f.http.Answer(f.http.Waiting(kPolls), "Gateway Timeout", 504);
    f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));  // The nodes'.
    f.Settle();
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("x", 7, {"h1"})));
    f.Settle();
    return f.http.Waiting(kPolls).Header("x1-bmspy-timeout");
  };
  // Three quarters of what it lasted, and 20 ms that nodes take off.
  f.loop.Advance(seconds(10));
  CHECK(end_poll() == "7557");
  f.loop.Advance(seconds(4));
  CHECK(end_poll() == "3057");
  CHECK(f.requester.nodes().IsWell("http://a:1"));
}

TEST_CASE("Applications that one node alone refuses are asked of another",
          "[discovery][fault]") {
  ProxyFixture f([](const Pending& request) {
    return request.node == "http://a:1" && Names(request, "x1");
  });
  f.FollowMany(3);
  f.Serve(milliseconds(100));
  for (const auto& topic : f.topics) CHECK(Hostnames(topic) == Set{"h"});
  f.refused = 0;
  f.Serve(minutes(1));
  CHECK(f.refused <= 2);  // After a minute it's the first one's turn again.
  CHECK(f.requester.nodes().IsWell("http://a:1"));
}

TEST_CASE("When all applications are refused there is no flood",
          "[discovery][fault]") {
  ProxyFixture f([](const Pending& request) { return !IsForNode(request); });
  f.FollowMany(200);
  f.Serve(seconds(10));
  // Both nodes get each turn.
  CHECK(f.refused + f.answered <= 10 * 4 * 100);
  f.Serve(minutes(1));
  f.refused = 0;
  f.Serve(minutes(1));
  CHECK(f.refused <= 60 * 10 * 2 + 20);  // Ten turns a second.
}

TEST_CASE("Where polls alone are refused lists are fetched",
          "[discovery][fault]") {
  ProxyFixture f([](const Pending& request) { return request.path == kPolls; });
  f.FollowMany(64);
  f.Serve(minutes(1));
  for (const auto& topic : f.topics) CHECK(Hostnames(topic) == Set{"h"});
  f.refused = f.answered = 0;
  f.Serve(minutes(1));
  // In one piece, every 15 s at the latest.
  CHECK(f.answered >= 4 * 2);
  CHECK(f.refused <= 30);
}

TEST_CASE("A form of lists that is refused is no application's fault",
          "[discovery][fault]") {
  ProxyFixture f([](const Pending& request) {
    const List app_ids = request.Values("appid");
    return app_ids.size() == 1 &&
           app_ids.front().find(',') != std::string::npos;
  });
  f.has_lists = false;
  f.FollowMany(3);
  f.Serve(milliseconds(100));
  CHECK(f.refused == 1);
  for (const auto& topic : f.topics)
    CHECK(Hostnames(topic) == Set{"(NOT_FOUND)"});
  for (const Pending& request : f.http.pending()) {
    CHECK(request.Values("appid").size() == 3);  // In one piece.
  }
  f.has_lists = true;
  f.Serve(seconds(2));
  for (const auto& topic : f.topics) CHECK(Hostnames(topic) == Set{"h"});
  CHECK(f.refused <= 2);
}

TEST_CASE("Lists that take too long together come in parts",
          "[discovery][fault]") {
  PollerFixture f({"http://a:1"}, 64);
  std::vector<std::shared_ptr<core::Topic>> topics;
  for (int i = 0; i < 64; ++i) {
    topics.push_back(f.Follow("x" + std::to_string(i)));
  }
  for (int i = 0; i < 100; ++i) {
    for (const Pending& request : std::vector<Pending>(f.http.pending())) {
      const List app_ids = request.Values("appid");
      if (request.path == kPolls) continue;
      if (app_ids.size() > 16) {
        f.http.Fail(request, net::kAnswerBegun.PutOn(
                                 absl::DeadlineExceededError("timed out")));
      } else {
        f.http.Answer(request, DataJson(ProxyFixture::Lists(app_ids)));
      }
    }
    f.loop.Advance(kStep);
  }
  for (const auto& topic : topics) CHECK(Hostnames(topic) == Set{"h"});
  CHECK(f.nodes.last_error().empty());
}

// --- Registrations ---

struct FaultyLeaseFixture : LeaseFixture {
  FaultyLeaseFixture() : LeaseFixture(kTwoNodes) {}

  // Has the node refuse `request`, but answer for itself.
  void RefuseAlone(const Pending& request) {
    http.Answer(request, "no", 500);
    http.Answer(http.Waiting(kFetchs), CodeJson(0));
  }
};

TEST_CASE("A register that one node alone refuses goes to another",
          "[discovery][fault]") {
  FaultyLeaseFixture f;
  f.lease.Put(MakeInstance(), f.Note());
  const Pending first = f.http.Waiting(kRegister);
  f.RefuseAlone(first);
  CHECK(f.result == absl::UnavailableError("discovery: register x: " +
                                           first.node + ": HTTP status 500"));
  CHECK(f.requester.nodes().IsWell(first.node));
  const Pending second = f.Put();
  CHECK(second.node != first.node);
  SECTION("as its renewals do") {
    f.lease.Refresh(f.Note());
    CHECK(f.http.Waiting(kRenew).node == second.node);
    f.RefuseAlone(f.http.Waiting(kRenew));
    // All have refused it: it's their turn again.
    f.lease.Refresh(f.Note());
    CHECK(f.http.pending().size() == 1);
  }
  SECTION("as its cancel does") {
    f.lease.Remove(f.Note());
    // The first one may have done it all the same.
    CHECK(f.http.CountWaiting(kCancel) == 2);
    CHECK(f.http.pending().back().node == second.node);
  }
  SECTION("and back when that one fails") {
    f.lease.Refresh(f.Note());
    f.http.Fail(f.http.Waiting(kRenew), kRefused);
    f.lease.Refresh(f.Note());
    CHECK(f.http.Waiting(kRenew).node == first.node);
  }
}

TEST_CASE("Registrations that all nodes refuse take turns",
          "[discovery][fault]") {
  LeaseFixture f;
  std::vector<std::unique_ptr<Lease>> leases;
  int told = 0;
  for (int i = 0; i < 3; ++i) {
    leases.push_back(
        std::make_unique<Lease>(f.loop, f.requester, MakeInstance()));
    leases.back()->Put(MakeInstance(), [&told](const absl::Status& status) {
      CHECK(absl::IsUnavailable(status));
      ++told;
    });
  }
  for (int i = 0; i < 3; ++i) {
    f.http.Answer(f.http.Waiting(kRegister), "no", 500);
  }
  f.http.Answer(f.http.Waiting(kFetchs), CodeJson(0));
  CHECK(told == 1);
  f.loop.Advance(milliseconds(100));
  CHECK(told == 2);
  SECTION("unless they are given up") {
    CHECK(leases[2]->IsSent());
    leases[2]->Abort();
    f.loop.Advance(seconds(1));
    CHECK(told == 2);
  }
  SECTION("each") {
    f.loop.Advance(milliseconds(100));
    CHECK(told == 3);
  }
}

TEST_CASE("A cancel that one node alone refuses goes to another",
          "[discovery][fault]") {
  FaultyLeaseFixture f;
  const std::string node = f.Put().node;
  f.lease.Remove(f.Note());
  f.RefuseAlone(f.http.Waiting(kCancel));
  REQUIRE(f.result);
  CHECK_FALSE(f.result->ok());
  CHECK_FALSE(kRequestsFault.IsOn(*f.result));
  f.lease.Remove(f.Note());
  const Pending cancel = f.http.Waiting(kCancel);
  CHECK(cancel.node != node);
  f.http.Answer(cancel, CodeJson(0));
  CHECK(f.result == absl::OkStatus());
}

}  // namespace
}  // namespace naming::discovery
