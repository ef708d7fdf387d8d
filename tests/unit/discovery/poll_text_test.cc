// SPDX-License-Identifier: Apache-2.0

#include "discovery/poll_text.h"

#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "base/url.h"
#include "tests/support/catch.h"

namespace naming::discovery {
namespace {

using AppIds = PollText::AppIds;
using Versions = std::map<std::string, std::int64_t>;

std::string TextOf(const Versions& versions) {
  std::string text;
  for (const auto& [app_id, version] : versions) {
    text += "&appid=" + base::PercentEncode(app_id) +
            "&latest_timestamp=" + std::to_string(version);
  }
  return text;
}

TEST_CASE("The text has the applications in order, each with its version",
          "[discovery][poll-text]") {
  PollText text;
  CHECK(text.text().empty());
  text.Add("b c", 0);
  text.Add("a", 5);
  text.Add("d", -1);
  CHECK(text.text() ==
        "&appid=a&latest_timestamp=5&appid=b%20c&latest_timestamp=0"
        "&appid=d&latest_timestamp=-1");
  CHECK(*text.app_ids() == AppIds{"a", "b c", "d"});

  SECTION("one that leaves takes its piece with it") {
    text.Remove("b c");
    CHECK(text.text() ==
          "&appid=a&latest_timestamp=5&appid=d&latest_timestamp=-1");
    CHECK(*text.app_ids() == AppIds{"a", "d"});
  }
  SECTION("a new version may be longer") {
    text.SetVersion("b c", 1795224392663441753);
    CHECK(text.text() ==
          "&appid=a&latest_timestamp=5"
          "&appid=b%20c&latest_timestamp=1795224392663441753"
          "&appid=d&latest_timestamp=-1");
  }
  SECTION("or shorter") {
    text.SetVersion("d", 0);
    CHECK(text.text() ==
          "&appid=a&latest_timestamp=5&appid=b%20c&latest_timestamp=0"
          "&appid=d&latest_timestamp=0");
  }
}

TEST_CASE("The text is right after whatever has come, gone and changed",
          "[discovery][poll-text]") {
  constexpr int kSteps = 2000;
  constexpr int kApps = 12;
  constexpr std::int64_t kVersions[] = {0,         7,         1234567890123,
                                        INT64_MIN, INT64_MAX, 42};
  std::minstd_rand random(1);
  const auto draw = [&random](std::uint64_t below) { return random() % below; };
  PollText text;
  Versions expected;
  for (int i = 0; i < kSteps; ++i) {
    const std::string app_id = "app/" + std::to_string(draw(kApps));
    const std::int64_t version = kVersions[draw(std::size(kVersions))];
    if (expected.count(app_id) == 0) {
      text.Add(app_id, version);
      expected[app_id] = version;
    } else if (draw(3) == 0) {
      text.Remove(app_id);
      expected.erase(app_id);
    } else {
      text.SetVersion(app_id, version);
      expected[app_id] = version;
    }
    REQUIRE(text.text() == TextOf(expected));
    REQUIRE(text.app_ids()->size() == expected.size());
    REQUIRE(text.text().size() <= text.max_bytes());
  }
}

TEST_CASE("Whoever was given the applications keeps them",
          "[discovery][poll-text]") {
  PollText text;
  text.Add("a", 1);
  text.Add("b", 2);
  const auto before = text.app_ids();
  text.SetVersion("a", 3);
  CHECK(text.app_ids() == before);
  SECTION("when one comes") { text.Add("c", 0); }
  SECTION("when one leaves") { text.Remove("a"); }
  CHECK(text.app_ids() != before);
  CHECK(*before == AppIds{"a", "b"});
}

TEST_CASE("The bytes of a text are bounded by those of its applications",
          "[discovery][poll-text]") {
  const std::string app_id = GENERATE("a", "main.account", "b c/ü");
  PollText text;
  text.Add("z", 0);
  text.Add(app_id, INT64_MIN);
  CHECK(text.max_bytes() ==
        PollText::MaxBytesOf("z") + PollText::MaxBytesOf(app_id));
  text.Remove("z");
  CHECK(text.text().size() == PollText::MaxBytesOf(app_id));
  CHECK(text.max_bytes() == PollText::MaxBytesOf(app_id));
}

}  // namespace
}  // namespace naming::discovery
