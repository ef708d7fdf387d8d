// SPDX-License-Identifier: Apache-2.0

#include "core/shrink_guard.h"

#include <chrono>
#include <memory>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Instances are single letters, all in one zone.
Zones Make(const std::string& letters) {
  Zones zones;
  for (const char letter : letters) {
    Instance instance;
    instance.zone = "z";
    instance.hostname = std::string(1, letter);
    zones["z"].push_back(std::make_shared<const Instance>(instance));
  }
  return zones;
}

std::string Letters(const Zones& zones) {
  std::string letters;
  for (const auto& [zone, instances] : zones) {
    for (const auto& instance : instances) letters += instance->hostname;
  }
  return letters;
}

struct Fixture {
  explicit Fixture(const std::string& letters, ShrinkPolicy policy = {},
                   base::Clock::Duration confirm_after = {})
      : guard(policy, confirm_after), present(Make(letters)) {}

  // Returns the list after an answer.
  std::string Answer(const std::string& letters, bool is_live = false) {
    Zones answer = Make(letters);
    guard.HoldBack(present, is_live, clock.Now(), answer);
    present = answer;
    return Letters(present);
  }

  std::string AnswerLive(const std::string& letters) {
    return Answer(letters, true);
  }

  testing::FakeClock clock;
  ShrinkGuard guard;
  Zones present;
};

TEST_CASE("What a registry is seen to remove is gone at once",
          "[shrink_guard]") {
  Fixture f("abcdef");
  CHECK(f.AnswerLive("a") == "a");
  CHECK(f.AnswerLive("") == "");
}

TEST_CASE("A list never becomes empty without proof", "[shrink_guard]") {
  const std::string before = GENERATE("a", "ab", "abcdef");
  Fixture f(before);
  CHECK(f.Answer("") == before);
  f.clock.Advance(seconds(89));
  CHECK(f.Answer("") == before);
  CHECK(f.guard.suspects() == before.size());
  f.clock.Advance(seconds(1));
  CHECK(f.Answer("") == "");
  CHECK(f.guard.suspects() == 0);
}

// Whose list is emptied by two answers, a second apart.
struct ConfirmingFixture : Fixture {
  explicit ConfirmingFixture(const std::string& letters)
      : Fixture(letters, {}, seconds(1)) {}
};

TEST_CASE("One empty answer empties no list, a second one does",
          "[shrink_guard]") {
  const std::string before = GENERATE("a", "ab", "abcdef");
  ConfirmingFixture f(before);
  CHECK(f.AnswerLive("") == before);
  REQUIRE(f.guard.confirm_at());
  CHECK(*f.guard.confirm_at() == f.clock.Now() + seconds(1));
  f.clock.Advance(milliseconds(999));
  CHECK(f.AnswerLive("") == before);
  f.clock.Advance(milliseconds(1));
  CHECK(f.AnswerLive("") == "");
  CHECK_FALSE(f.guard.confirm_at());
  CHECK(f.guard.suspects() == 0);
}

TEST_CASE("An answer that contradicts an empty one ends the doubt",
          "[shrink_guard]") {
  ConfirmingFixture f("abcdef");
  f.AnswerLive("");
  f.clock.Advance(seconds(1));
  SECTION("with all") { CHECK(f.AnswerLive("abcdef") == "abcdef"); }
  SECTION("with what is left, at once") { CHECK(f.AnswerLive("b") == "b"); }
  SECTION("with newcomers in place of all") {
    CHECK(f.AnswerLive("xyz") == "xyz");
  }
  SECTION("after a break, with what is no cliff") {
    CHECK(f.Answer("abcd") == "abcd");
  }
  SECTION("after a break, with a cliff") {
    CHECK(f.Answer("a") == "abcdef");
    CHECK(f.guard.suspects() == 5);
  }
  CHECK_FALSE(f.guard.confirm_at());
  const std::string after = Letters(f.present);
  CHECK(f.AnswerLive("") == after);  // It takes two again.
}

TEST_CASE("After a break no second answer empties a list before the grace",
          "[shrink_guard]") {
  ConfirmingFixture f("abc");
  SECTION("when the first one came after it") {
    CHECK(f.Answer("") == "abc");
    CHECK_FALSE(f.guard.confirm_at());
    f.clock.Advance(seconds(1));
    CHECK(f.AnswerLive("") == "abc");
    CHECK_FALSE(f.guard.confirm_at());
  }
  SECTION("when the second one did, which counts from the first") {
    CHECK(f.AnswerLive("") == "abc");
    f.clock.Advance(seconds(1));
    CHECK(f.Answer("") == "abc");
    CHECK_FALSE(f.guard.confirm_at());
  }
  f.clock.Advance(seconds(88));
  CHECK(f.AnswerLive("") == "abc");
  f.clock.Advance(seconds(1));
  CHECK(f.AnswerLive("") == "");
}

TEST_CASE("What isn't held back of a list needs a second empty answer",
          "[shrink_guard]") {
  ConfirmingFixture f("abcdefghij");
  f.Answer("ab");
  REQUIRE(f.guard.suspects() == 8);
  CHECK(f.AnswerLive("") == "abcdefghij");
  f.clock.Advance(seconds(1));
  CHECK(f.AnswerLive("") == "cdefghij");
}

TEST_CASE("What leaves but for the last one is gone at once",
          "[shrink_guard]") {
  ConfirmingFixture f("abcdef");
  CHECK(f.AnswerLive("ab") == "ab");
  CHECK(f.AnswerLive("a") == "a");
  CHECK_FALSE(f.guard.confirm_at());
}

TEST_CASE("Half a list may vanish at once, more may not", "[shrink_guard]") {
  Fixture f("abcdef");
  SECTION("half") { CHECK(f.Answer("abc") == "abc"); }
  SECTION("more") { CHECK(f.Answer("ab") == "abcdef"); }
  SECTION("of two, one") {
    Fixture small("ab");
    CHECK(small.Answer("a") == "a");
  }
  SECTION("as much as the policy says") {
    ShrinkPolicy policy;
    policy.max_share = 0.1;
    Fixture strict("abcdef", policy);
    CHECK(strict.Answer("abcde") == "abcdef");
  }
}

TEST_CASE("After a restart the list fills up without a cliff",
          "[shrink_guard]") {
  Fixture f("abcdefghij");
  CHECK(f.Answer("") == "abcdefghij");
  // Providers return one by one, and the registry is watched meanwhile.
  CHECK(f.AnswerLive("c") == "abcdefghij");
  CHECK(f.AnswerLive("cx") == "abcdefghijx");
  CHECK(f.AnswerLive("acx") == "abcdefghijx");
  // What left meanwhile is dropped as soon as that is no cliff.
  CHECK(f.AnswerLive("acegx") == "abcdefghijx");
  CHECK(f.AnswerLive("acegix") == "acegix");
  CHECK(f.guard.suspects() == 0);
}

TEST_CASE("Newcomers don't make up for what is missing", "[shrink_guard]") {
  Fixture f("abcde");
  CHECK(f.Answer("axyz") == "abcdexyz");
  CHECK(f.guard.suspects() == 4);
  Fixture replaced("abc");
  CHECK(replaced.Answer("xyz") == "abcxyz");
}

TEST_CASE("What is seen to leave during a hold is gone at once",
          "[shrink_guard]") {
  Fixture f("abcdefghij");
  f.Answer("ab");
  CHECK(f.AnswerLive("a") == "acdefghij");
}

TEST_CASE("Each instance is held back from the time it was first missing",
          "[shrink_guard]") {
  Fixture f("abcdefghij");
  f.Answer("abc");
  f.clock.Advance(seconds(60));
  f.Answer("a");
  f.clock.Advance(seconds(30));
  CHECK(f.Answer("a") == "abc");
  f.clock.Advance(seconds(60));
  CHECK(f.Answer("a") == "a");
}

TEST_CASE("Several answers together take no more than one may",
          "[shrink_guard]") {
  Fixture f("abcdefgh");
  CHECK(f.Answer("abcd") == "abcd");
  f.clock.Advance(milliseconds(50));
  CHECK(f.Answer("ab") == "abcd");
  f.clock.Advance(milliseconds(50));
  CHECK(f.Answer("a") == "abcd");
  SECTION("until each was missing for the grace") {
    f.clock.Advance(seconds(90));
    CHECK(f.Answer("a") == "a");
  }
  SECTION("but what came back counts for nothing") {
    CHECK(f.Answer("abefgh") == "abefgh");
  }
  SECTION("and what is seen to leave goes on leaving") {
    f.Answer("abcd");
    CHECK(f.AnswerLive("a") == "a");
  }
}

TEST_CASE("What may vanish at once may do so again after the grace",
          "[shrink_guard]") {
  Fixture f("abcdefgh");
  CHECK(f.Answer("abcd") == "abcd");
  f.clock.Advance(seconds(89));
  CHECK(f.Answer("abc") == "abcd");
  CHECK(f.Answer("abcd") == "abcd");
  f.clock.Advance(seconds(1));
  CHECK(f.Answer("ab") == "ab");
}

TEST_CASE("What comes back is no suspect any more", "[shrink_guard]") {
  Fixture f("abcdefghij");
  f.Answer("");
  f.clock.Advance(seconds(80));
  f.AnswerLive("j");
  CHECK(f.guard.suspects() == 9);
  f.clock.Advance(seconds(10));
  CHECK(f.AnswerLive("j") == "j");
}

TEST_CASE("Without a grace everything is believed", "[shrink_guard]") {
  ShrinkPolicy policy;
  policy.grace = seconds(0);
  Fixture f("abcdef", policy, seconds(1));
  CHECK(f.Answer("a") == "a");
  CHECK(f.AnswerLive("") == "");
}

TEST_CASE("Growth and change are never held back", "[shrink_guard]") {
  Fixture f("");
  CHECK(f.Answer("abc") == "abc");
  CHECK(f.Answer("abcd") == "abcd");
}

}  // namespace
}  // namespace naming::core
