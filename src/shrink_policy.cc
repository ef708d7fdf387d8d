// SPDX-License-Identifier: Apache-2.0

#include "naming/shrink_policy.h"

namespace naming {

bool operator==(const ShrinkPolicy& a, const ShrinkPolicy& b) {
  return a.max_share == b.max_share && a.grace == b.grace;
}

bool operator!=(const ShrinkPolicy& a, const ShrinkPolicy& b) {
  return !(a == b);
}

}  // namespace naming
