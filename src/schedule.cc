// SPDX-License-Identifier: Apache-2.0

#include "naming/schedule.h"

namespace naming {

bool operator==(const Schedule& a, const Schedule& b) {
  return a.clients == b.clients;
}

bool operator!=(const Schedule& a, const Schedule& b) { return !(a == b); }

}  // namespace naming
