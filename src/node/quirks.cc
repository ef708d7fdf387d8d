// SPDX-License-Identifier: Apache-2.0

#include "node/quirks.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace naming::node {
namespace {

constexpr Quirks Set(Quirk quirk) { return Quirks().With(quirk); }

constexpr Quirks kV120 = Quirks()
                             .With(Quirk::kSharedPollChannels)
                             .With(Quirk::kJoinedAddrs)
                             .With(Quirk::kQuietSet)
                             .With(Quirk::kQuietLastCancel)
                             .With(Quirk::kIgnoredDirty)
                             .With(Quirk::kHangingWrites)
                             .With(Quirk::kHomeZoneOnly)
                             .With(Quirk::kPreservedFew);

constexpr Quirks kV112 = kV120.With(Quirk::kMissingAppFailsPoll)
                             .With(Quirk::kZeroingSet)
                             .With(Quirk::kListedScheduler)
                             .With(Quirk::kDoubledTimeout)
                             .With(Quirk::kLeakingProtection)
                             .With(Quirk::kPlainPolls);

constexpr Quirks kV111 =
    kV112.With(Quirk::kCommaLists).With(Quirk::kRestartingVersion);

struct Name {
  std::string_view name;
  Quirks quirks;
};

constexpr Name kNames[] = {
    {"shared-poll-channels", Set(Quirk::kSharedPollChannels)},
    {"joined-addrs", Set(Quirk::kJoinedAddrs)},
    {"quiet-set", Set(Quirk::kQuietSet)},
    {"quiet-last-cancel", Set(Quirk::kQuietLastCancel)},
    {"restarting-version", Set(Quirk::kRestartingVersion)},
    {"ignored-dirty", Set(Quirk::kIgnoredDirty)},
    {"hanging-writes", Set(Quirk::kHangingWrites)},
    {"home-zone-only", Set(Quirk::kHomeZoneOnly)},
    {"preserved-few", Set(Quirk::kPreservedFew)},
    {"comma-lists", Set(Quirk::kCommaLists)},
    {"missing-app-fails-poll", Set(Quirk::kMissingAppFailsPoll)},
    {"zeroing-set", Set(Quirk::kZeroingSet)},
    {"listed-scheduler", Set(Quirk::kListedScheduler)},
    {"doubled-timeout", Set(Quirk::kDoubledTimeout)},
    {"leaking-protection", Set(Quirk::kLeakingProtection)},
    {"plain-polls", Set(Quirk::kPlainPolls)},
    {"v1.1.1", kV111},
    {"v1.1.2", kV112},
    {"v1.2.0", kV120}};

absl::Status Unknown(std::string_view name) {
  std::string known;
  for (const Name& entry : kNames) {
    absl::StrAppendFormat(&known, "%s%s", known.empty() ? "" : ", ",
                          entry.name);
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "node: options.quirks: no such quirk: %s; there are %s", name, known));
}

}  // namespace

absl::StatusOr<Quirks> Quirks::Parse(const std::vector<std::string>& names) {
  Quirks quirks;
  for (const std::string& name : names) {
    const auto* const found =
        std::find_if(std::begin(kNames), std::end(kNames),
                     [&name](const Name& entry) { return entry.name == name; });
    if (found == std::end(kNames)) return Unknown(name);
    quirks = quirks | found->quirks;
  }
  return quirks;
}

}  // namespace naming::node
