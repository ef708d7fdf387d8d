// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLIENT_STATE_H_
#define NAMING_CLIENT_STATE_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "naming/export.h"

namespace naming {

// What is known of a Client's connection to its registry.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ClientState {
  // Whether a node answers: one did, and since then not all have failed.
  bool is_connected = false;

  // When `is_connected` became what it is; at first, when the Client was made.
  std::chrono::system_clock::time_point since;

  // The node that is asked: the one that answered last, or, while none does,
  // that did before. Empty: none has answered so far.
  std::string node;

  // Why it isn't connected, or why a request failed last; OK when nothing
  // failed since it was connected.
  absl::Status last_error;
};

NAMING_EXPORT bool operator==(const ClientState& a, const ClientState& b);
NAMING_EXPORT bool operator!=(const ClientState& a, const ClientState& b);

}  // namespace naming

#endif  // NAMING_CLIENT_STATE_H_
