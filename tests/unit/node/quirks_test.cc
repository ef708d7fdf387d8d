// SPDX-License-Identifier: Apache-2.0

#include "node/quirks.h"

#include <string>

#include "tests/support/catch.h"

namespace naming::node {
namespace {

Quirks Parsed(const std::vector<std::string>& names) {
  const absl::StatusOr<Quirks> quirks = Quirks::Parse(names);
  REQUIRE(quirks.ok());
  return *quirks;
}

TEST_CASE("A quirk is off until it is named", "[quirks]") {
  CHECK(Parsed({}) == Quirks());
  CHECK_FALSE(Parsed({}).quiet_set());
  CHECK(Parsed({"quiet-set"}).quiet_set());
  CHECK_FALSE(Parsed({"quiet-set"}).comma_lists());
  CHECK(Parsed({"quiet-set", "comma-lists"}).comma_lists());
  CHECK(Parsed({"quiet-set", "quiet-set"}) == Parsed({"quiet-set"}));
}

TEST_CASE("Each name sets its own quirk and no other", "[quirks]") {
  Quirks all;
  for (const auto& [name, quirk] : {
           std::pair("shared-poll-channels", Quirk::kSharedPollChannels),
           {"joined-addrs", Quirk::kJoinedAddrs},
           {"quiet-set", Quirk::kQuietSet},
           {"quiet-last-cancel", Quirk::kQuietLastCancel},
           {"restarting-version", Quirk::kRestartingVersion},
           {"ignored-dirty", Quirk::kIgnoredDirty},
           {"hanging-writes", Quirk::kHangingWrites},
           {"home-zone-only", Quirk::kHomeZoneOnly},
           {"preserved-few", Quirk::kPreservedFew},
           {"comma-lists", Quirk::kCommaLists},
           {"missing-app-fails-poll", Quirk::kMissingAppFailsPoll},
           {"zeroing-set", Quirk::kZeroingSet},
           {"listed-scheduler", Quirk::kListedScheduler},
           {"doubled-timeout", Quirk::kDoubledTimeout},
           {"leaking-protection", Quirk::kLeakingProtection},
           {"plain-polls", Quirk::kPlainPolls},
       }) {
    CAPTURE(name);
    CHECK(Parsed({name}) == Quirks().With(quirk));
    all = all | Parsed({name});
  }
  CHECK(all == Parsed({"v1.1.1"}));  // Which had every one.
}

TEST_CASE("A version stands for the quirks that it had", "[quirks]") {
  const Quirks newest = Parsed({"v1.2.0"});
  CHECK(newest ==
        Parsed({"shared-poll-channels", "joined-addrs", "quiet-set",
                "quiet-last-cancel", "ignored-dirty", "hanging-writes",
                "home-zone-only", "preserved-few"}));
  const Quirks older = Parsed({"v1.1.2"});
  CHECK(older == (newest | Parsed({"missing-app-fails-poll", "zeroing-set",
                                   "listed-scheduler", "doubled-timeout",
                                   "leaking-protection", "plain-polls"})));
  CHECK(Parsed({"v1.1.1"}) ==
        (older | Parsed({"comma-lists", "restarting-version"})));
  CHECK(Parsed({"v1.2.0", "comma-lists"}).comma_lists());
}

TEST_CASE("An unknown quirk is refused by name, with those that there are",
          "[quirks]") {
  const absl::StatusOr<Quirks> quirks = Quirks::Parse({"quiet-set", "loud"});
  CHECK(quirks.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(quirks.status().message() ==
        "node: options.quirks: no such quirk: loud; there are "
        "shared-poll-channels, joined-addrs, quiet-set, quiet-last-cancel, "
        "restarting-version, ignored-dirty, hanging-writes, home-zone-only, "
        "preserved-few, comma-lists, missing-app-fails-poll, zeroing-set, "
        "listed-scheduler, doubled-timeout, leaking-protection, plain-polls, "
        "v1.1.1, v1.1.2, v1.2.0");
}

}  // namespace
}  // namespace naming::node
