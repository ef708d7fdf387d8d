// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_SHRINK_GUARD_H_
#define NAMING_CORE_SHRINK_GUARD_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "core/zones.h"
#include "naming/instance.h"
#include "naming/shrink_policy.h"
#include "naming/snapshot.h"

namespace naming::core {

// Holds back the removal of Instances that an answer lacks without proof; see
// ShrinkPolicy. And what would empty a list, though it has proof, until a
// second answer says the same: whatever stands before a registry may be wrong
// once (C-20).
//
// Thread-compatible.
class ShrinkGuard final {
 public:
  // `confirm_after`: how far apart the two answers must be; zero: one is
  // enough.
  explicit ShrinkGuard(ShrinkPolicy policy,
                       base::Clock::Duration confirm_after = {})
      : policy_(policy), confirm_after_(confirm_after) {}

  // Adds to `answer`, the zones of a new list, the Instances of `present` that
  // are held back. `is_live`: the registry was there without a break since the
  // answer before, so that what this one lacks and that one had has left.
  void HoldBack(const Zones& present, bool is_live, base::Clock::TimePoint now,
                Zones& answer);

  // Returns how many Instances are held back.
  // An emptied list that waits for the second answer doesn't count.
  std::size_t suspects() const { return suspects_.size(); }

  // Returns from when on an answer tells whether the list has become empty;
  // nullopt when the last one left no doubt.
  std::optional<base::Clock::TimePoint> confirm_at() const;

 private:
  // Zone and hostname.
  using Key = std::pair<std::string, std::string>;

  struct Suspect {
    std::shared_ptr<const Instance> instance;
    base::Clock::TimePoint since;
  };

  bool IsDoubtful(const Zones& present, const Zones& answer, bool is_live,
                  base::Clock::TimePoint now);
  void SuspectMissing(const Zones& present, const Zones& answer,
                      base::Clock::TimePoint now);
  void ForgetLetGo(const Zones& answer, base::Clock::TimePoint now);
  void LetGo(base::Clock::TimePoint now);
  bool IsTooMuch(const Zones& present, const Zones& answer) const;

  const ShrinkPolicy policy_;
  const base::Clock::Duration confirm_after_;

  // When an answer first said that the list is empty, and none has yet
  // contradicted or confirmed it.
  std::optional<base::Clock::TimePoint> emptied_at_;

  std::map<Key, Suspect> suspects_;

  // What was dropped within the last `grace` because it was no large share.
  // Several answers without proof together take no more than one may.
  std::map<Key, Suspect> let_go_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_SHRINK_GUARD_H_
