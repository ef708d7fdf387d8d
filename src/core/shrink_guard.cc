// SPDX-License-Identifier: Apache-2.0

#include "core/shrink_guard.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace naming::core {
namespace {

// Of a smaller list, a share means little.
constexpr std::size_t kLeastGuardedSize = 3;

void Insert(const std::shared_ptr<const Instance>& instance, Zones& zones) {
  Snapshot::Instances& list = zones[instance->zone];
  const auto place = std::lower_bound(
      list.begin(), list.end(), instance,
      [](const auto& a, const auto& b) { return a->hostname < b->hostname; });
  list.insert(place, instance);
}

}  // namespace

void ShrinkGuard::HoldBack(const Zones& present, bool is_live,
                           base::Clock::TimePoint now, Zones& answer) {
  ForgetLetGo(answer, now);
  if (IsDoubtful(present, answer, is_live, now)) {
    answer = present;
    return;
  }
  // What is present, neither answered nor suspected, was in the last answer.
  const auto emptied_at = std::exchange(emptied_at_, std::nullopt);
  if (!is_live && policy_.grace.count() > 0) {
    SuspectMissing(present, answer,
                   answer.empty() ? emptied_at.value_or(now) : now);
  }
  for (auto it = suspects_.begin(); it != suspects_.end();) {
    const bool is_over = now - it->second.since >= policy_.grace;
    const bool is_back = Contains(answer, *it->second.instance);
    it = is_over || is_back ? suspects_.erase(it) : std::next(it);
  }
  if (suspects_.empty()) return;
  if (!IsTooMuch(present, answer)) LetGo(now);
  for (const auto& [key, suspect] : suspects_) Insert(suspect.instance, answer);
}

std::optional<base::Clock::TimePoint> ShrinkGuard::confirm_at() const {
  if (!emptied_at_) return std::nullopt;
  return *emptied_at_ + confirm_after_;
}

// Without a break an empty answer has proof; but it needs a second one. What
// was held back anyway stays so, and needs none.
bool ShrinkGuard::IsDoubtful(const Zones& present, const Zones& answer,
                             bool is_live, base::Clock::TimePoint now) {
  if (!is_live || !answer.empty() || policy_.grace.count() <= 0) return false;
  std::size_t size = 0;
  for (const auto& [zone, instances] : present) size += instances.size();
  if (size <= suspects_.size()) return false;
  if (!emptied_at_) emptied_at_ = now;
  return now - *emptied_at_ < confirm_after_;
}

void ShrinkGuard::SuspectMissing(const Zones& present, const Zones& answer,
                                 base::Clock::TimePoint now) {
  const Snapshot::Instances none;
  for (const auto& [zone, instances] : present) {
    const auto answered = answer.find(zone);
    auto it =
        answered != answer.end() ? answered->second.begin() : none.begin();
    const auto end =
        answered != answer.end() ? answered->second.end() : none.end();
    for (const auto& instance : instances) {
      // Mostly they are the same objects.
      while (it != end && *it != instance &&
             (*it)->hostname < instance->hostname) {
        ++it;
      }
      if (it != end && (*it)->hostname == instance->hostname) continue;
      suspects_.try_emplace(Key(zone, instance->hostname),
                            Suspect{instance, now});
    }
  }
}

void ShrinkGuard::ForgetLetGo(const Zones& answer, base::Clock::TimePoint now) {
  for (auto it = let_go_.begin(); it != let_go_.end();) {
    const bool is_over = now - it->second.since >= policy_.grace;
    const bool is_back = Contains(answer, *it->second.instance);
    it = is_over || is_back ? let_go_.erase(it) : std::next(it);
  }
}

void ShrinkGuard::LetGo(base::Clock::TimePoint now) {
  for (auto& [key, suspect] : suspects_) {
    let_go_.insert_or_assign(key, Suspect{std::move(suspect.instance), now});
  }
  suspects_.clear();
}

// Newcomers don't make up for what is missing: callers were using that.
bool ShrinkGuard::IsTooMuch(const Zones& present, const Zones& answer) const {
  if (answer.empty()) return true;
  std::size_t kept = 0;
  for (const auto& [zone, instances] : present) {
    for (const auto& instance : instances) {
      kept += static_cast<std::size_t>(Contains(answer, *instance));
    }
  }
  const std::size_t missing = suspects_.size() + let_go_.size();
  const std::size_t size = kept + missing;
  return size >= kLeastGuardedSize &&
         static_cast<double>(missing) >
             policy_.max_share * static_cast<double>(size);
}

}  // namespace naming::core
