// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_LEASE_SWEEPER_H_
#define NAMING_NODE_LEASE_SWEEPER_H_

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "base/clock.h"
#include "node/quirks.h"
#include "node/store.h"

namespace naming::node {

// Removes the instances that no longer renew, unless so many are silent that
// the network is more likely to blame than they are (self-preservation).
//
// Two renewals a minute are expected of each instance. In a minute after one
// with less than 85 % of that, only what has been silent for an hour goes. The
// expectation follows registrations and cancellations, but evictions not before
// the next Recount(), as in the real server: losing more than 15 % of the
// instances within a quarter of an hour stops eviction.
//
// Three instances or fewer, the node itself among them, tell nothing of the
// network: there is no self-preservation. (In the real server there is, so that
// a dead one stays for up to an hour: Quirk::kPreservedFew.)
//
// Thread-compatible.
class LeaseSweeper final {
 public:
  static constexpr std::chrono::minutes kSweepInterval{1};
  static constexpr std::chrono::minutes kRecountInterval{15};
  static constexpr std::chrono::seconds kLease{90};

  // Both outlive the sweeper. `seed` decides who goes first when more have
  // expired than may go at once.
  LeaseSweeper(Store& store, const base::Clock& clock, std::uint32_t seed,
               Quirks quirks = {})
      : store_(store), clock_(clock), quirks_(quirks), random_(seed) {}

  void OnAdded() { expected_ += 2; }
  void OnCancelled();
  void OnRenewed() { ++renewals_; }

  // Ends a minute: removes what has expired, at most 15 % of all instances, and
  // returns it.
  std::vector<InstanceKey> Sweep();

  // Expects renewals of the instances that there are.
  void Recount();

  // Returns whether the last minute brought too few renewals.
  bool is_preserving() const;

 private:
  // 85 % of `count`, rounded down.
  static std::int64_t Most(std::int64_t count) { return count * 85 / 100; }

  std::vector<InstanceKey> Expired() const;

  Store& store_;
  const base::Clock& clock_;
  const Quirks quirks_;
  std::mt19937 random_;
  std::int64_t expected_ = 0;       // Renewals a minute.
  std::int64_t renewals_ = 0;       // In this minute.
  std::int64_t last_renewals_ = 0;  // In the last full minute.
};

}  // namespace naming::node

#endif  // NAMING_NODE_LEASE_SWEEPER_H_
