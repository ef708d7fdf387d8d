// SPDX-License-Identifier: Apache-2.0

#include "balancer/rivals.h"

namespace naming::balancer {

Rivals MakeRivals(const Slots& slots) {
  Rivals rivals;
  rivals.reserve(slots.size());
  for (const Slot* slot : slots) {
    rivals.push_back(
        Rival{slot->load().get(), 1 / static_cast<float>(slot->weight())});
  }
  return rivals;
}

Two DrawTwoSpare(const Slots& slots, std::uint64_t bits, const Asked& asked) {
  const std::size_t count = CountSpare(slots, asked);
  const Two two = count > 1 ? DrawTwo(bits, count) : Two{0, 0};
  return Two{NthSpare(slots, two.a, asked), NthSpare(slots, two.b, asked)};
}

}  // namespace naming::balancer
