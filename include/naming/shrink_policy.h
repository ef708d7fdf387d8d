// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_SHRINK_POLICY_H_
#define NAMING_SHRINK_POLICY_H_

#include <chrono>

#include "naming/export.h"

namespace naming {

// How much of a list may vanish on the word of a registry that isn't known to
// have been there all the time.
//
// A removal that a registry reports while it is watched is believed at once.
// But a node that has restarted comes back empty, and its list fills as
// providers register again: what such an answer lacks is held back, and dropped
// when answers still lack it after `grace`. A list of which no more than
// `max_share` is missing is believed at once all the same, so that a single
// Instance that left meanwhile doesn't linger.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ShrinkPolicy {
  // The share of a list of three or more that may vanish at once: in one answer
  // or, together, in those of the last `grace`. A list of any size never
  // becomes empty without proof. Range: [0, 1].
  double max_share = 0.5;

  // How long what is missing is held back. Longer than providers need to
  // register again: they renew every 30 s. Zero: everything is believed at
  // once. Range: [0s, 1h].
  std::chrono::milliseconds grace = std::chrono::seconds(90);
};

NAMING_EXPORT bool operator==(const ShrinkPolicy& a, const ShrinkPolicy& b);
NAMING_EXPORT bool operator!=(const ShrinkPolicy& a, const ShrinkPolicy& b);

}  // namespace naming

#endif  // NAMING_SHRINK_POLICY_H_
