// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_RECEIVED_REQUEST_H_
#define NAMING_NODE_RECEIVED_REQUEST_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "naming/export.h"

namespace naming::node {

enum class RequestOutcome {
  kPending,   // It has no answer yet: a held poll, or one that a Fault delays.
  kAnswered,  // `status` and `code` say how.
  kDropped,   // It gets none: its client has gone, or a Fault dropped it.
};

// A request as a DiscoveryNode received it.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ReceivedRequest {
  std::string method;  // Such as "GET"; empty: one that HTTP doesn't know.
  std::string path;    // Such as "/discovery/polls".

  // What it asked: of a form in the body, then of the query, by name and in
  // order.
  std::map<std::string, std::vector<std::string>, std::less<>> parameters;

  RequestOutcome outcome = RequestOutcome::kPending;
  int status = 0;  // HTTP's.
  int code = 0;    // The protocol's.

  // Returns the first value of the parameter `name`; "" when it has none.
  std::string_view Parameter(std::string_view name) const;
};

NAMING_EXPORT bool operator==(const ReceivedRequest& a,
                              const ReceivedRequest& b);
inline bool operator!=(const ReceivedRequest& a, const ReceivedRequest& b) {
  return !(a == b);
}

}  // namespace naming::node

#endif  // NAMING_NODE_RECEIVED_REQUEST_H_
