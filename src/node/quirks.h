// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_QUIRKS_H_
#define NAMING_NODE_QUIRKS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace naming::node {

// What real servers do wrong, or did in a version, and which of them did it.
// Each has the name of the enumerator, in lower case with hyphens.
//
//                          v1.1.1  v1.1.2  v1.2.0
//   shared-poll-channels     x       x       x
//   joined-addrs             x       x       x
//   quiet-set                x       x       x
//   quiet-last-cancel        x       x       x
//   ignored-dirty            x       x       x
//   hanging-writes           x       x       x
//   home-zone-only           x       x       x
//   preserved-few            x       x       x
//   missing-app-fails-poll   x       x
//   zeroing-set              x       x
//   listed-scheduler         x       x
//   doubled-timeout          x       x
//   leaking-protection       x       x
//   plain-polls              x       x
//   comma-lists              x
//   restarting-version       x
enum class Quirk : std::uint8_t {
  // Polls with one hostname for one application share a channel; what is sent
  // on it goes to whichever of them waits longest, asked for or not, even when
  // its client has gone.
  kSharedPollChannels,
  // Addresses go to other nodes as one, joined by commas, and aren't split
  // there.
  kJoinedAddrs,
  // /set doesn't raise the revision: who isn't waiting just then isn't told.
  kQuietSet,
  // Nobody is told that an application, or its last instance in the zone that
  // is asked for, has gone.
  kQuietLastCancel,
  // A revision counts changes from 1 on, and again when the node restarts; an
  // instance has none.
  kRestartingVersion,
  // A registration with an older dirty_timestamp than the stored one is
  // answered 0, raises the revision, and is dropped.
  kIgnoredDirty,
  // Each write waits for a node that hangs until its deadline.
  kHangingWrites,
  // Renewals and cancellations stay in the zone of the node that they come to.
  kHomeZoneOnly,
  // Of three instances or fewer a single silent one stops eviction.
  kPreservedFew,
  // A list is one value with commas; of a repeated parameter the first counts.
  kCommaLists,
  // A poll with an application that isn't there is answered -404 at once.
  kMissingAppFailsPoll,
  // /set makes the up, dirty and latest timestamps 0, unless it is told one.
  kZeroingSet,
  // The scheduler is shown as [{"src":zone,"dst":{zone:weight}}].
  kListedScheduler,
  // At the end of its time a poll is answered with two JSON texts. Known of
  // poll; polls does it too, so that clients which only use that can be tested.
  kDoubledTimeout,
  // Start-up protection lasts 90 s, and behind its error stands what it hides.
  kLeakingProtection,
  // polls answers in the form of the other endpoints, without "error".
  kPlainPolls,
};

// A set of Quirks.
//
// Thread-compatible. A value.
class Quirks final {
 public:
  // None.
  constexpr Quirks() = default;

  // Returns those that `names` name: quirks, and versions for their sets.
  //
  // Errors: kInvalidArgument, a name isn't known; tells it and those that are.
  static absl::StatusOr<Quirks> Parse(const std::vector<std::string>& names);

  constexpr Quirks With(Quirk quirk) const {
    return Quirks(bits_ | Bit(quirk));
  }

  bool shared_poll_channels() const { return Has(Quirk::kSharedPollChannels); }
  bool joined_addrs() const { return Has(Quirk::kJoinedAddrs); }
  bool quiet_set() const { return Has(Quirk::kQuietSet); }
  bool quiet_last_cancel() const { return Has(Quirk::kQuietLastCancel); }
  bool restarting_version() const { return Has(Quirk::kRestartingVersion); }
  bool ignored_dirty() const { return Has(Quirk::kIgnoredDirty); }
  bool hanging_writes() const { return Has(Quirk::kHangingWrites); }
  bool home_zone_only() const { return Has(Quirk::kHomeZoneOnly); }
  bool preserved_few() const { return Has(Quirk::kPreservedFew); }
  bool comma_lists() const { return Has(Quirk::kCommaLists); }
  bool missing_app_fails_poll() const {
    return Has(Quirk::kMissingAppFailsPoll);
  }
  bool zeroing_set() const { return Has(Quirk::kZeroingSet); }
  bool listed_scheduler() const { return Has(Quirk::kListedScheduler); }
  bool doubled_timeout() const { return Has(Quirk::kDoubledTimeout); }
  bool leaking_protection() const { return Has(Quirk::kLeakingProtection); }
  bool plain_polls() const { return Has(Quirk::kPlainPolls); }

  constexpr bool Has(Quirk quirk) const { return (bits_ & Bit(quirk)) != 0; }

  friend constexpr Quirks operator|(Quirks a, Quirks b) {
    return Quirks(a.bits_ | b.bits_);
  }
  friend constexpr bool operator==(Quirks a, Quirks b) {
    return a.bits_ == b.bits_;
  }
  friend constexpr bool operator!=(Quirks a, Quirks b) { return !(a == b); }

 private:
  explicit constexpr Quirks(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t Bit(Quirk quirk) {
    return std::uint32_t{1} << static_cast<unsigned>(quirk);
  }

  std::uint32_t bits_ = 0;
};

}  // namespace naming::node

#endif  // NAMING_NODE_QUIRKS_H_
