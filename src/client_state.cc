// SPDX-License-Identifier: Apache-2.0

#include "naming/client_state.h"

namespace naming {

bool operator==(const ClientState& a, const ClientState& b) {
  return a.is_connected == b.is_connected && a.since == b.since &&
         a.node == b.node && a.last_error == b.last_error;
}

bool operator!=(const ClientState& a, const ClientState& b) {
  return !(a == b);
}

}  // namespace naming
