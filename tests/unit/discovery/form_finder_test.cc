// SPDX-License-Identifier: Apache-2.0

#include "discovery/form_finder.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/poller_fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using Pending = testing::FakeHttpClient::Pending;

AppAnswers Brings(const List& app_ids) {
  AppAnswers answers;
  for (const std::string& app_id : app_ids) answers.apps[app_id];
  return answers;
}

const List kAsked = {"a", "b", "c"};

TEST_CASE("What an answer brings tells in which form a node reads lists",
          "[discovery][form]") {
  FormFinder forms;
  CHECK(forms.form() == ListForm::kRepeated);
  CHECK_FALSE(forms.is_settled());
  AppAnswers malformed;
  malformed.malformed["b"] = absl::InternalError("odd");

  SECTION("another than the first: repeated parameters") {
    forms.Learn(kAsked,
                GENERATE_COPY(Brings({"a", "b"}), Brings({"b"}), malformed));
    CHECK(forms.is_settled());
    CHECK(forms.form() == ListForm::kRepeated);
    SECTION("which stays so when more are asked for") {
      forms.Grow();
      CHECK(forms.is_settled());
    }
  }
  SECTION("the first or none: the other form is to tell") {
    const bool has_first = GENERATE(true, false);
    forms.Learn(kAsked, has_first ? Brings({"a"}) : Brings({}));
    CHECK_FALSE(forms.is_settled());
    CHECK(forms.is_second());
    CHECK(forms.form() == ListForm::kCommas);
    CHECK(forms.HasBrought("a") == has_first);
    SECTION("which brings any: commas") {
      forms.Learn(kAsked,
                  GENERATE_COPY(Brings({"a"}), Brings({"c"}), malformed));
      CHECK(forms.is_settled());
      CHECK(forms.form() == ListForm::kCommas);
      SECTION("until an answer in this form brings none") {
        forms.Learn(kAsked, Brings({}));
        CHECK_FALSE(forms.is_settled());
        CHECK(forms.form() == ListForm::kRepeated);
        forms.Learn(kAsked, Brings({}));
        CHECK(forms.is_settled());
        CHECK(forms.form() == ListForm::kRepeated);
      }
    }
    SECTION("which brings none: they aren't there") {
      forms.Learn(kAsked, Brings({}));
      CHECK(forms.is_settled());
      CHECK(forms.form() == ListForm::kRepeated);
      SECTION("and one that comes may tell") {
        forms.Grow();
        CHECK_FALSE(forms.is_settled());
      }
    }
    SECTION("unless another one comes meanwhile") {
      forms.Grow();
      CHECK_FALSE(forms.is_second());
      CHECK(forms.form() == ListForm::kRepeated);
    }
  }
  SECTION("one alone tells nothing") {
    forms.Learn({"a"}, Brings({"a"}));
    CHECK_FALSE(forms.is_settled());
    CHECK_FALSE(forms.is_second());
    CHECK_FALSE(forms.HasBrought("a"));
  }
}

TEST_CASE("Second requests that fail are sent ever more rarely",
          "[discovery][form]") {
  FormFinder forms;
  // Returns how many answers that tell nothing come before the next second.
  const auto count_skipped = [&forms] {
    int skipped = -1;
    while (!forms.is_second()) {
      forms.Learn(kAsked, Brings({"a"}));
      ++skipped;
    }
    return skipped;
  };
  std::vector<int> skipped;
  for (int i = 0; i < 8; ++i) {
    skipped.push_back(count_skipped());
    forms.FailSecond(false);
    forms.Reset();
  }
  CHECK(skipped == std::vector<int>{0, 0, 1, 3, 7, 15, 31, 63});
  // One that is answered is the end of that.
  CHECK(count_skipped() == 63);
  forms.Learn(kAsked, Brings({}));
  CHECK(count_skipped() == 0);
  forms.FailSecond(false);
  forms.Reset();
  CHECK(count_skipped() == 0);
}

// Answers as v1.1.1 does: a list is one text with commas, and of a repeated
// parameter the first counts.
std::string OldNodesAnswer(const Pending& fetch, const Set& present) {
  std::string data;
  const std::string list = fetch.Values("appid").front();
  for (const std::string_view app_id : base::Split(list, ',')) {
    if (present.count(std::string(app_id)) == 0) continue;
    if (!data.empty()) data += ",";
    data += AppJson(std::string(app_id), 4, {"of-" + std::string(app_id)});
  }
  return DataJson(data);
}

TEST_CASE("A node that reads texts with commas gets these",
          "[discovery][form][poller]") {
  PollerFixture f;
  const Set present = GENERATE(Set{"x", "y"}, Set{"x"}, Set{"y"});
  const auto x = f.Follow("x");
  const auto y = f.Follow("y");
  f.Settle();
  const Pending first = f.http.Waiting(kFetchs);
  CHECK(first.Values("appid") == List{"x", "y"});
  f.http.Answer(first, OldNodesAnswer(first, present));
  // Nobody is told that what wasn't asked for isn't there.
  CHECK(Hostnames(y) == Set{"(DEADLINE_EXCEEDED)"});
  f.loop.Advance(milliseconds(0));
  const Pending second = f.http.Waiting(kFetchs);
  CHECK(second.Values("appid") == List{"x,y"});
  f.http.Answer(second, OldNodesAnswer(second, present));
  const auto expected = [&](const std::string& app_id) {
    return present.count(app_id) != 0 ? Set{"of-" + app_id}
                                      : Set{"(NOT_FOUND)"};
  };
  CHECK(Hostnames(x) == expected("x"));
  CHECK(Hostnames(y) == expected("y"));
  f.Settle();
  const Pending poll = f.http.Waiting(kPolls);
  CHECK(poll.Values("appid") == List{"x,y"});
  CHECK(poll.Values("latest_timestamp") ==
        List{std::string(present.count("x") != 0 ? "4" : "0") + "," +
             (present.count("y") != 0 ? "4" : "0")});
}

struct TwoFollowed : PollerFixture {
  TwoFollowed() : PollerFixture({"http://a:1"}, 4, std::chrono::seconds(60)) {}

  // Answers the first fetchs with "x" alone, so that another form is tried.
  void AnswerFirst() {
    Settle();
    http.Answer(http.Waiting(kFetchs), DataJson(AppJson("x", 4, {"h1"})));
    Settle();
    REQUIRE(http.Waiting(kFetchs).Values("appid") == List{"x,y"});
  }

  // Answers the second as v1.1.1 does.
  void AnswerSecond() {
    http.Answer(http.Waiting(kFetchs), DataJson(kBoth));
    Settle();
    REQUIRE(http.Waiting(kPolls).Values("appid") == List{"x,y"});
  }

  const std::string kBoth =
      AppJson("x", 4, {"h1"}) + "," + AppJson("y", 4, {"h2"});
  std::shared_ptr<core::Topic> x = Follow("x");
  std::shared_ptr<core::Topic> y = Follow("y");
};

TEST_CASE("A node that reads no text with commas is polled as before",
          "[discovery][form][poller]") {
  TwoFollowed f;
  f.AnswerFirst();
  SECTION("it finds nothing") {
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
  }
  SECTION("it refuses it") {
    f.http.Answer(f.http.Waiting(kFetchs), CodeJson(-400));
  }
  CHECK(Hostnames(f.x) == Set{"h1"});
  CHECK(Hostnames(f.y) == Set{"(NOT_FOUND)"});
  f.Settle();
  CHECK(f.http.Waiting(kPolls).Values("appid") == List{"x", "y"});
  CHECK(f.http.Waiting(kPolls).Values("latest_timestamp") == List{"4", "0"});
}

TEST_CASE("Which form a node reads is asked anew when it may be another one",
          "[discovery][form][poller]") {
  TwoFollowed f;
  f.AnswerFirst();
  SECTION("it fails while it is asked") {
    f.http.Fail(f.http.Waiting(kFetchs), kReset);
  }
  SECTION("it fails later") {
    f.AnswerSecond();
    f.http.Fail(f.http.Waiting(kPolls), kReset);
  }
  f.loop.Advance(std::chrono::seconds(1));
  CHECK(f.http.Waiting(kFetchs).Values("appid") == List{"x", "y"});
  f.AnswerFetches(f.kBoth);
  CHECK(f.http.Waiting(kPolls).Values("appid") == List{"x", "y"});
}

TEST_CASE("What refuses texts with commas is seldom given one",
          "[discovery][form][poller]") {
  TwoFollowed f;
  std::size_t second = 0;
  std::size_t polls = 0;
  const auto end = f.loop.clock().Now() + std::chrono::seconds(60);
  while (f.loop.clock().Now() < end) {
    for (const Pending& pending : std::vector<Pending>(f.http.pending())) {
      if (pending.path == kPolls) {
        ++polls;
        f.loop.Advance(std::chrono::seconds(1));
        f.http.Answer(pending, CodeJson(-304));
      } else if (pending.Values("appid") == List{"x,y"}) {
        ++second;
        f.http.Answer(pending, "no", 400);
      } else {
        f.http.Answer(pending, DataJson(AppJson("x", 4, {"h1"})));
      }
    }
    f.loop.Advance(milliseconds(10));
  }
  CHECK(second >= 2);
  CHECK(second <= 3);
  CHECK(polls > 10);
  CHECK(Hostnames(f.x) == Set{"h1"});
  CHECK(Hostnames(f.y) == Set{"(NOT_FOUND)"});
}

TEST_CASE("The first application that appears tells the form",
          "[discovery][form][poller]") {
  TwoFollowed f;
  f.AnswerFetches("");
  f.http.Answer(f.http.Waiting(kPolls), DataJson(AppJson("x", 4, {"h1"})));
  f.Settle();
  CHECK(f.http.Waiting(kFetchs).Values("appid") == List{"x", "y"});
}

TEST_CASE("A new connection may be to a node that reads another form",
          "[discovery][form][poller]") {
  TwoFollowed f;
  f.AnswerFirst();
  f.AnswerSecond();
  f.loop.Advance(std::chrono::seconds(25));
  f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304), 200, true);
  f.Settle();
  CHECK(f.http.Waiting(kFetchs).Values("appid") == List{"x", "y"});
}

TEST_CASE("A server that closes every connection makes no hot loop",
          "[discovery][form][poller]") {
  TwoFollowed f;
  // "x" takes no traffic, and registers again all the time.
  int polls = 0;
  std::int64_t version = 10;
  for (int i = 0; i < 1000; ++i) {
    f.loop.Advance(milliseconds(10));
    ++version;
    const auto pending = f.http.pending();
    for (const auto& request : pending) {
      polls += request.path == kPolls;
      const std::string waiting = AppJson("x", version, {});
      f.http.Answer(request,
                    request.path == kPolls
                        ? DataJson(waiting)
                        : DataJson(waiting + "," + AppJson("y", 4, {"h2"})),
                    200, true);
    }
  }
  CHECK(polls > 3);
  CHECK(polls <= 20);
}

TEST_CASE("A form counts while whoever showed it lives",
          "[discovery][form][poller]") {
  TwoFollowed f;
  f.Settle();
  f.http.AnswerOver(
      1, 2, f.http.Waiting(kFetchs),
      DataJson(AppJson("x", 4, {"h1"}) + "," + AppJson("y", 5, {"h1"})));
  f.Settle();
  f.loop.Advance(std::chrono::seconds(2));
  f.http.AnswerOver(2, 2, f.http.Waiting(kPolls), CodeJson(-304));
  f.loop.Advance(std::chrono::seconds(2));
  CHECK(f.http.CountWaiting(kFetchs) == 0);
  f.http.AnswerOver(3, 3, f.http.Waiting(kPolls), CodeJson(-304));
  f.loop.Advance(std::chrono::seconds(2));
  CHECK(f.http.CountWaiting(kFetchs) == 1);
}

TEST_CASE("A doubt of the first of two requests outlives the second",
          "[discovery][form][poller]") {
  TwoFollowed f;
  f.AnswerFirst();
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
  f.Settle();
  while (f.http.CountWaiting(kFetchs) == 0) {
    f.loop.Advance(std::chrono::seconds(25));
    f.http.Answer(f.http.Waiting(kPolls), CodeJson(-304));
    f.loop.Advance(milliseconds(0));
  }
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("x", 5, {})));
  f.loop.Advance(milliseconds(0));
  REQUIRE(f.http.Waiting(kFetchs).Values("appid") == List{"x,y"});
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
  CHECK(Hostnames(f.x) == Set{"h1"});
  f.loop.Advance(std::chrono::seconds(2));
  REQUIRE(f.http.CountWaiting(kFetchs) == 1);
  f.AnswerFetches("");
  CHECK(Hostnames(f.x) == Set{});
}

TEST_CASE("Parts of a group that an old node refuses are polled in its form",
          "[discovery][form][poller]") {
  TwoFollowed f;
  f.Follow("a");
  f.Settle();
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("a", 4, {"h0"})));
  f.Settle();
  f.http.Answer(f.http.Waiting(kFetchs), DataJson(AppJson("a", 4, {"h0"})));
  f.Settle();
  REQUIRE(f.http.Waiting(kPolls).Values("appid") == List{"a,x,y"});
  f.http.Answer(f.http.Waiting(kPolls), CodeJson(-404));
  f.Settle();
  REQUIRE(f.http.CountWaiting(kPolls) == 2);
  CHECK(f.http.pending()[0].Values("appid") == List{"a"});
  CHECK(f.http.pending()[1].Values("appid") == List{"x,y"});
}

TEST_CASE("What leaves or comes while the form is asked for is told the truth",
          "[discovery][form][poller]") {
  TwoFollowed f;
  SECTION("it leaves before the first answer") {
    f.Settle();
    f.poller->Unfollow(f.x);
    f.Settle();
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    f.AnswerFetches("");
    CHECK(Hostnames(f.y) == Set{"(NOT_FOUND)"});
  }
  SECTION("it leaves before the second") {
    f.AnswerFirst();
    f.poller->Unfollow(f.y);
    f.Settle();
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    f.AnswerFetches("");
    CHECK(Hostnames(f.x) == Set{"h1"});
  }
  SECTION("it is followed anew before the second") {
    f.AnswerFirst();
    f.poller->Unfollow(f.y);
    f.y = f.Follow("y");
    f.Settle();
    f.http.Answer(f.http.Waiting(kFetchs), DataJson(""));
    f.AnswerFetches(AppJson("y", 5, {"h5"}));
    CHECK(Hostnames(f.x) == Set{"h1"});
    CHECK(Hostnames(f.y) == Set{"h5"});
  }
  CHECK(f.http.CountWaiting(kPolls) >= 1);
}

}  // namespace
}  // namespace naming::discovery
