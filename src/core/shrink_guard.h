// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_SHRINK_GUARD_H_
#define NAMING_CORE_SHRINK_GUARD_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "core/zones.h"
#include "naming/instance.h"
#include "naming/shrink_policy.h"
#include "naming/snapshot.h"

namespace naming::core {

// Holds back the removal of Instances that an answer lacks without proof; see
// ShrinkPolicy.
//
// Thread-compatible.
class ShrinkGuard final {
 public:
  explicit ShrinkGuard(ShrinkPolicy policy) : policy_(policy) {}

  // Adds to `answer`, the zones of a new list, the Instances of `present` that
  // are held back. `is_live`: the registry was there without a break since the
  // answer before, so that what this one lacks and that one had has left.
  void HoldBack(const Zones& present, bool is_live, base::Clock::TimePoint now,
                Zones& answer);

  // Returns how many Instances are held back.
  std::size_t suspects() const { return suspects_.size(); }

 private:
  // Zone and hostname.
  using Key = std::pair<std::string, std::string>;

  struct Suspect {
    std::shared_ptr<const Instance> instance;
    base::Clock::TimePoint since;
  };

  void SuspectMissing(const Zones& present, const Zones& answer,
                      base::Clock::TimePoint now);
  void ForgetLetGo(const Zones& answer, base::Clock::TimePoint now);
  void LetGo(base::Clock::TimePoint now);
  bool IsTooMuch(const Zones& present, const Zones& answer) const;

  const ShrinkPolicy policy_;
  std::map<Key, Suspect> suspects_;

  // What was dropped within the last `grace` because it was no large share.
  // Several answers without proof together take no more than one may.
  std::map<Key, Suspect> let_go_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_SHRINK_GUARD_H_
