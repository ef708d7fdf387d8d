// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_TOMBSTONES_H_
#define NAMING_NODE_TOMBSTONES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "node/store.h"

namespace naming::node {

// The instances that were cancelled lately, each with the dirty_timestamp that
// it had. A bounded number: the oldest are forgotten first.
//
// Thread-compatible.
class Tombstones final {
 public:
  static constexpr std::size_t kMaxSize = 16384;

  void Add(const InstanceKey& key, std::int64_t dirty_timestamp,
           base::Clock::TimePoint now) {
    graves_[key] = {dirty_timestamp, now};
    by_age_.emplace_back(now, key);
    while (by_age_.size() > kMaxSize) ForgetOldest();
  }

  void Remove(const InstanceKey& key) { graves_.erase(key); }

  // Returns the dirty_timestamp of a cancelled instance.
  std::optional<std::int64_t> Find(const InstanceKey& key) const {
    const auto it = graves_.find(key);
    if (it == graves_.end()) return std::nullopt;
    return it->second.dirty_timestamp;
  }

  // Forgets what was cancelled before `time`.
  void Forget(base::Clock::TimePoint time) {
    while (!by_age_.empty() && by_age_.front().first < time) ForgetOldest();
  }

  std::size_t size() const { return graves_.size(); }

 private:
  struct Grave {
    std::int64_t dirty_timestamp = 0;
    base::Clock::TimePoint since;
  };

  void ForgetOldest() {
    const auto& [since, key] = by_age_.front();
    const auto it = graves_.find(key);
    // It may have been cancelled again since.
    if (it != graves_.end() && it->second.since == since) graves_.erase(it);
    by_age_.pop_front();
  }

  std::map<InstanceKey, Grave> graves_;
  std::deque<std::pair<base::Clock::TimePoint, InstanceKey>> by_age_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_TOMBSTONES_H_
