// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_ASKED_H_
#define NAMING_BALANCER_ASKED_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "balancer/lane.h"
#include "balancer/load.h"
#include "balancer/slot.h"
#include "balancer/table.h"
#include "balancer/turns.h"
#include "naming/balancer.h"

namespace naming::balancer {

// What one choice is made with.
struct Asked {
  const PickOptions* options;  // May be null.
  std::int64_t now;            // Of the steady clock, in ns; 0 for a PickRef.
  std::size_t lane;            // Of this thread; see Moment.

  bool is_peek() const { return now == 0; }

  // For a choice among so many.
  Moment moment(std::size_t endpoints) const {
    return Moment{lane, now, MaxAge(endpoints)};
  }

  // Returns what is known of a Load at this choice, made by random `bits`.
  Load::Seen Look(Load& load, const Moment& moment, std::uint64_t bits) const {
    return is_peek() ? load.Peek(lane, bits) : load.Look(moment);
  }

  // The same for a choice that isn't made by chance.
  Load::Seen Look(Load& load, const Moment& moment) const {
    return is_peek() ? load.Peek() : load.Look(moment);
  }

  bool avoids_any() const {
    return options != nullptr && !options->avoid.empty();
  }

  bool Avoids(const Slot& slot) const {
    if (!avoids_any()) return false;
    const auto& avoid = options->avoid;
    return std::find(avoid.begin(), avoid.end(), slot.endpoint().address) !=
           avoid.end();
  }
};

// Returns whether there is one that isn't to be avoided. Looks at hardly more
// than are to be avoided.
inline bool HasSpare(const Slots& slots, const Asked& asked) {
  return std::any_of(slots.begin(), slots.end(), [&asked](const Slot* slot) {
    return !asked.Avoids(*slot);
  });
}

// Returns the `k`-th of those that aren't to be avoided, of which there are
// more.
inline std::size_t NthSpare(const Slots& slots, std::size_t k,
                            const Asked& asked) {
  std::size_t i = 0;
  for (;; ++i) {
    if (asked.Avoids(*slots[i])) continue;
    if (k-- == 0) return i;
  }
}

inline std::size_t CountSpare(const Slots& slots, const Asked& asked) {
  return static_cast<std::size_t>(std::count_if(
      slots.begin(), slots.end(),
      [&asked](const Slot* slot) { return !asked.Avoids(*slot); }));
}

// Returns any of those that aren't to be avoided. There is one.
inline std::size_t DrawSpare(const Slots& slots, std::uint64_t bits,
                             const Asked& asked) {
  return NthSpare(slots, bits % CountSpare(slots, asked), asked);
}

// The same, with a probability in proportion to the weight.
inline std::size_t DrawSpareByWeight(const Slots& slots, std::uint64_t bits,
                                     const Asked& asked) {
  std::uint64_t sum = 0;
  for (const Slot* slot : slots) {
    if (!asked.Avoids(*slot)) sum += static_cast<std::uint64_t>(slot->weight());
  }
  std::uint64_t rest = bits % sum;
  std::size_t i = 0;
  for (;; ++i) {
    if (asked.Avoids(*slots[i])) continue;
    const auto weight = static_cast<std::uint64_t>(slots[i]->weight());
    if (rest < weight) return i;
    rest -= weight;
  }
}

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_ASKED_H_
