// SPDX-License-Identifier: Apache-2.0

#include "node/pollers.h"

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

struct PollersFixture {
  void Add(RequestId id, std::vector<std::string> app_ids,
           milliseconds hold = seconds(30)) {
    Waiter waiter;
    waiter.id = id;
    waiter.env = "dev";
    waiter.app_ids = std::move(app_ids);
    pollers.Add(std::move(waiter), hold);
  }

  void Wake(const std::string& app_id, const std::string& env = "dev") {
    pollers.Wake({env, app_id},
                 [](const Waiter&) { return CodeAnswer(kCodeOk); });
  }

  testing::FakeLoop loop;
  Replies replies;
  Pollers pollers{loop,
                  [this](RequestId id, const Response& response) {
                    replies.emplace_back(id, response.code.value_or(1));
                  },
                  [](const Waiter&) { return CodeAnswer(kCodeNotModified); }};
};

TEST_CASE_METHOD(PollersFixture,
                 "A change answers those who wait for it, in order",
                 "[pollers]") {
  Add(3, {"a"});
  Add(4, {"b"});
  Add(5, {"b", "a"});
  Wake("a");
  CHECK(replies == Replies{{3, 0}, {5, 0}});
  CHECK(pollers.size() == 1);
  Wake("a");
  CHECK(replies.size() == 2);
  Wake("b");
  CHECK(replies == Replies{{3, 0}, {5, 0}, {4, 0}});
  CHECK(pollers.size() == 0);
}

TEST_CASE_METHOD(PollersFixture, "A change in another env answers nobody",
                 "[pollers]") {
  Add(1, {"a"});
  Wake("a", "prod");
  CHECK(replies.empty());
}

TEST_CASE_METHOD(PollersFixture, "Each poll ends when its own time is over",
                 "[pollers]") {
  Add(1, {"a"}, seconds(30));
  Add(2, {"a"}, milliseconds(480));
  loop.Advance(milliseconds(479));
  CHECK(replies.empty());
  loop.Advance(milliseconds(1));
  CHECK(replies == Replies{{2, -304}});
  loop.Advance(seconds(30));
  CHECK(replies == Replies{{2, -304}, {1, -304}});
  Wake("a");
  CHECK(replies.size() == 2);
}

TEST_CASE_METHOD(PollersFixture, "A poll that was answered doesn't end again",
                 "[pollers]") {
  Add(1, {"a"});
  Wake("a");
  loop.Advance(seconds(60));
  CHECK(replies.size() == 1);
}

TEST_CASE_METHOD(PollersFixture, "A poll whose client has gone is forgotten",
                 "[pollers]") {
  Add(1, {"a", "b"});
  Add(2, {"a"});
  pollers.Remove(1);
  pollers.Remove(77);
  CHECK(pollers.size() == 1);
  Wake("a");
  Wake("b");
  loop.Advance(seconds(60));
  CHECK(replies == Replies{{2, 0}});
}

TEST_CASE_METHOD(PollersFixture, "Who has no business with a change waits on",
                 "[pollers]") {
  Add(1, {"a"});
  Add(2, {"a"});
  pollers.Wake({"dev", "a"}, [](const Waiter& waiter) {
    return waiter.id == 2 ? std::optional<Response>(CodeAnswer(kCodeOk))
                          : std::nullopt;
  });
  CHECK(replies == Replies{{2, 0}});
  Wake("a");
  CHECK(replies == Replies{{2, 0}, {1, 0}});
}

TEST_CASE_METHOD(PollersFixture,
                 "An application asked for twice is waited for once",
                 "[pollers]") {
  Add(1, {"a", "a"});
  Wake("a");
  Wake("a");
  CHECK(replies == Replies{{1, 0}});
}

TEST_CASE_METHOD(PollersFixture, "A reply may hold the next poll",
                 "[pollers]") {
  bool is_first = true;
  Pollers chained(
      loop,
      [&](RequestId id, const Response&) {
        replies.emplace_back(id, 0);
        if (!is_first) return;
        is_first = false;
        Waiter next;
        next.id = 9;
        next.env = "dev";
        next.app_ids = {"a"};
        chained.Add(std::move(next), seconds(30));
      },
      [](const Waiter&) { return CodeAnswer(kCodeNotModified); });
  Waiter waiter;
  waiter.id = 8;
  waiter.env = "dev";
  waiter.app_ids = {"a"};
  chained.Add(std::move(waiter), seconds(30));
  chained.Wake({"dev", "a"}, [](const Waiter&) { return CodeAnswer(kCodeOk); });
  CHECK(replies == Replies{{8, 0}});
  CHECK(chained.size() == 1);
}

TEST_CASE("Pollers that are destroyed leave no timer behind", "[pollers]") {
  testing::FakeLoop loop;
  int replies = 0;
  {
    Pollers pollers(
        loop, [&](RequestId, const Response&) { ++replies; },
        [](const Waiter&) { return CodeAnswer(kCodeNotModified); });
    Waiter waiter;
    waiter.id = 1;
    waiter.app_ids = {"a"};
    pollers.Add(std::move(waiter), seconds(30));
  }
  loop.Advance(seconds(60));
  CHECK(replies == 0);
}

}  // namespace
}  // namespace naming::node
