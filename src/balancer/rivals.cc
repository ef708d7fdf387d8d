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

}  // namespace naming::balancer
