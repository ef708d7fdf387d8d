// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_RIVALS_H_
#define NAMING_BALANCER_RIVALS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "balancer/asked.h"
#include "balancer/load.h"
#include "balancer/slot.h"
#include "balancer/table.h"
#include "balancer/turns.h"

namespace naming::balancer {

// What is compared of an Endpoint: together here, so that a comparison doesn't
// have to visit its Slot.
struct Rival {
  Load* load;  // Kept alive by the Slot.
  float per_weight;
};

using Rivals = std::vector<Rival>;

Rivals MakeRivals(const Slots& slots);

struct Two {
  std::size_t a;
  std::size_t b;
};

// Returns two different numbers below `size`, which is at least 2.
inline Two DrawTwo(std::uint64_t bits, std::size_t size) {
  const auto bound = static_cast<std::uint32_t>(size);
  const std::uint32_t a = Chance::Below(bits, bound);
  const std::uint32_t b = Chance::Below(bits << 32, bound - 1);
  return Two{a, b + (b >= a ? 1U : 0U)};
}

// Returns two of those that aren't to be avoided: different ones, unless there
// is only one.
Two DrawTwoSpare(const Slots& slots, std::uint64_t bits, const Asked& asked);

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_RIVALS_H_
