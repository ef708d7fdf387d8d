// SPDX-License-Identifier: Apache-2.0

#include "node/shared_pollers.h"

#include <chrono>
#include <string>
#include <vector>

#include "node/answers.h"
#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"

namespace naming::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Replies = std::vector<std::pair<RequestId, int>>;

struct SharedPollersFixture {
  void Add(RequestId id, const std::string& hostname,
           std::vector<std::string> app_ids, milliseconds hold = seconds(30),
           const std::string& zone = "") {
    Waiter waiter;
    waiter.id = id;
    waiter.env = "dev";
    waiter.hostname = hostname;
    waiter.zone = zone;
    waiter.app_ids = std::move(app_ids);
    pollers.Add(std::move(waiter), hold);
  }

  void Wake(const std::string& app_id) {
    pollers.Wake({"dev", app_id}, [this](const Waiter& waiter) {
      zones.push_back(waiter.zone);
      return CodeAnswer(kCodeOk);
    });
  }

  testing::FakeLoop loop;
  Replies replies;
  std::vector<std::string> zones;  // Of the polls as they are answered.
  SharedPollers pollers{
      loop,
      [this](RequestId id, const Response& response) {
        replies.emplace_back(id, response.code.value_or(1));
      },
      [](const Waiter&) { return CodeAnswer(kCodeNotModified); }};
};

TEST_CASE_METHOD(SharedPollersFixture,
                 "Polls with hostnames of their own share nothing",
                 "[shared_pollers]") {
  Add(1, "p", {"a"});
  Add(2, "q", {"a", "b"});
  Wake("b");
  CHECK(replies == Replies{{2, 0}});
  Wake("a");
  CHECK(replies == Replies{{2, 0}, {1, 0}});
  CHECK(pollers.size() == 0);
}

TEST_CASE_METHOD(SharedPollersFixture, "One change answers all equal polls",
                 "[shared_pollers]") {
  Add(1, "p", {"a"});
  Add(2, "p", {"a"});
  Wake("a");
  CHECK(replies == Replies{{1, 0}, {2, 0}});
}

TEST_CASE_METHOD(SharedPollersFixture,
                 "Who waits longest gets what another asked for",
                 "[shared_pollers]") {
  Add(1, "p", {"a"});
  Add(2, "p", {"a", "b"});
  Wake("b");
  CHECK(replies == Replies{{1, 0}});
  Wake("b");  // For which the second no longer waits.
  CHECK(replies == Replies{{1, 0}});
  Wake("a");
  CHECK(replies == Replies{{1, 0}, {2, 0}});
}

TEST_CASE_METHOD(SharedPollersFixture,
                 "The end of a poll's time gives up its place",
                 "[shared_pollers]") {
  Add(1, "p", {"a"}, seconds(1));
  Add(2, "p", {"a", "b"});
  loop.Advance(seconds(1));
  CHECK(replies == Replies{{1, -304}});
  Wake("b");
  CHECK(replies == Replies{{1, -304}, {2, 0}});
  Wake("a");
  loop.Advance(seconds(60));
  CHECK(replies.size() == 2);
}

TEST_CASE_METHOD(SharedPollersFixture,
                 "Polls that share a channel share the first's zone",
                 "[shared_pollers]") {
  Add(1, "p", {"a"}, seconds(30), "z1");
  Add(2, "p", {"a"}, seconds(30), "z2");
  Wake("a");
  CHECK(zones == std::vector<std::string>{"z1", "z1"});
}

TEST_CASE_METHOD(SharedPollersFixture,
                 "A change that is none for a poll leaves it waiting",
                 "[shared_pollers]") {
  Add(1, "p", {"a"});
  pollers.Wake({"dev", "a"}, [](const Waiter&) { return std::nullopt; });
  CHECK(replies.empty());
  Wake("a");
  CHECK(replies == Replies{{1, 0}});
}

TEST_CASE_METHOD(SharedPollersFixture, "A poll may name an application twice",
                 "[shared_pollers]") {
  Add(1, "p", {"a", "a"});
  Wake("a");
  CHECK(replies == Replies{{1, 0}});
  Add(2, "p", {"a"});
  loop.Advance(seconds(30));
  CHECK(replies == Replies{{1, 0}, {2, -304}});
}

}  // namespace
}  // namespace naming::node
