// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_FAULT_H_
#define NAMING_NODE_FAULT_H_

#include <chrono>
#include <map>
#include <string>

#include "naming/export.h"

namespace naming::node {

enum class FaultKind {
  kDrop,    // The connection is closed, and nothing is done or answered.
  kDelay,   // The request is handled, but later.
  kRefuse,  // Nothing is done, and an error is answered.
};

// What a DiscoveryNode does wrong when a test asks for it.
//
// Thread-compatible. A value.
struct NAMING_EXPORT Fault {
  FaultKind kind = FaultKind::kDrop;

  // Which requests it befalls, such as "/discovery/renew"; empty: all.
  std::string path;

  // Parameters that such a request has, each with this value among its own,
  // such as {{"appid", "demo.greeter"}}; empty: whatever it has.
  std::map<std::string, std::string> parameters;

  // How many of them, after which it is over; 0: all.
  int count = 0;

  // Of kDelay: how long, by the node's clock.
  std::chrono::milliseconds delay{0};

  // Of kRefuse: a negative one is answered as the protocol does, with HTTP's
  // status 200 (-500: the node isn't ready); one from 400 to 599 is HTTP's
  // status of an answer without a body; any other counts as -500.
  int code = -500;

  static Fault Drop(std::string path, int count = 0);
  static Fault Delay(std::string path, std::chrono::milliseconds delay,
                     int count = 0);
  static Fault Refuse(std::string path, int code, int count = 0);
};

NAMING_EXPORT bool operator==(const Fault& a, const Fault& b);
inline bool operator!=(const Fault& a, const Fault& b) { return !(a == b); }

}  // namespace naming::node

#endif  // NAMING_NODE_FAULT_H_
