// SPDX-License-Identifier: Apache-2.0

#include "node/lease_sweeper.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace naming::node {
namespace {

constexpr std::size_t kFew = 3;

}  // namespace

void LeaseSweeper::OnCancelled() {
  if (expected_ > 0) expected_ -= 2;
}

std::vector<InstanceKey> LeaseSweeper::Sweep() {
  last_renewals_ = std::exchange(renewals_, 0);
  std::vector<InstanceKey> expired = Expired();
  const auto size = static_cast<std::int64_t>(store_.size());
  const auto limit = static_cast<std::size_t>(size - Most(size));
  if (expired.size() > limit) {
    std::shuffle(expired.begin(), expired.end(), random_);
    expired.resize(limit);
  }
  const std::int64_t now = UnixNanos(clock_);
  for (const InstanceKey& key : expired) store_.Cancel(key, now);
  return expired;
}

bool LeaseSweeper::is_preserving() const {
  if (store_.size() <= kFew && !quirks_.preserved_few()) return false;
  return last_renewals_ < Most(expected_);
}

void LeaseSweeper::Recount() {
  expected_ = 2 * static_cast<std::int64_t>(store_.size());
}

std::vector<InstanceKey> LeaseSweeper::Expired() const {
  const base::Clock::TimePoint now = clock_.Now();
  const bool is_preserving_now = is_preserving();
  std::vector<InstanceKey> expired;
  store_.ForEach([&](const StoredInstance& instance) {
    const base::Clock::Duration silence = now - instance.renewed_at;
    if (silence > kLongestSilence || (silence > kLease && !is_preserving_now)) {
      expired.push_back(
          {{instance.env, instance.app_id}, instance.zone, instance.hostname});
    }
  });
  return expired;
}

}  // namespace naming::node
