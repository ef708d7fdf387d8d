// SPDX-License-Identifier: Apache-2.0

#include "core/shrink_guard.h"

#include <algorithm>
#include <iterator>

namespace naming::core {
namespace {

// Of a smaller list, a share means little.
constexpr std::size_t kLeastGuardedSize = 3;

void Insert(const std::shared_ptr<const Instance>& instance,
            ShrinkGuard::Zones& zones) {
  Snapshot::Instances& list = zones[instance->zone];
  const auto place = std::lower_bound(
      list.begin(), list.end(), instance,
      [](const auto& a, const auto& b) { return a->hostname < b->hostname; });
  list.insert(place, instance);
}

}  // namespace

void ShrinkGuard::HoldBack(const Zones& present, bool is_live,
                           base::Clock::TimePoint now, Zones& answer) {
  std::set<Key> answered;
  for (const auto& [zone, instances] : answer) {
    for (const auto& instance : instances) {
      answered.emplace(zone, instance->hostname);
    }
  }
  // What is present, neither answered nor suspected, was in the last answer.
  if (!is_live && policy_.grace.count() > 0) {
    SuspectMissing(present, answered, now);
  }
  for (auto it = suspects_.begin(); it != suspects_.end();) {
    const bool is_over = now - it->second.since >= policy_.grace;
    const bool is_back = answered.count(it->first) != 0;
    it = is_over || is_back ? suspects_.erase(it) : std::next(it);
  }
  if (!IsTooMuch(present, answered)) suspects_.clear();
  for (const auto& [key, suspect] : suspects_) Insert(suspect.instance, answer);
}

void ShrinkGuard::SuspectMissing(const Zones& present,
                                 const std::set<Key>& answered,
                                 base::Clock::TimePoint now) {
  for (const auto& [zone, instances] : present) {
    for (const auto& instance : instances) {
      Key key(zone, instance->hostname);
      if (answered.count(key) != 0) continue;
      suspects_.try_emplace(std::move(key), Suspect{instance, now});
    }
  }
}

// Newcomers don't make up for what is missing: callers were using that.
bool ShrinkGuard::IsTooMuch(const Zones& present,
                            const std::set<Key>& answered) const {
  if (suspects_.empty()) return false;
  if (answered.empty()) return true;
  std::size_t kept = 0;
  for (const auto& [zone, instances] : present) {
    for (const auto& instance : instances) {
      kept += answered.count(Key(zone, instance->hostname));
    }
  }
  const std::size_t size = kept + suspects_.size();
  return size >= kLeastGuardedSize &&
         static_cast<double>(suspects_.size()) >
             policy_.max_share * static_cast<double>(size);
}

}  // namespace naming::core
