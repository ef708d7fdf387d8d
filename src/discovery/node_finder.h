// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_NODE_FINDER_H_
#define NAMING_DISCOVERY_NODE_FINDER_H_

#include <chrono>
#include <cstdint>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "base/loop.h"
#include "discovery/protocol.h"
#include "discovery/requester.h"

namespace naming::discovery {

struct NodeFinderOptions {
  std::string zone;
  std::string env;
  std::chrono::milliseconds interval = std::chrono::minutes(1);
  std::uint64_t seed = 1;

  // Between two moves to another node, less up to a half.
  std::chrono::milliseconds rotation_interval = std::chrono::minutes(30);
};

// Asks the nodes now and then which nodes there are, in the own zone: only
// those pass on renewals and cancellations as they must (C-08). A request of
// its own, so that no application's data can hold it up (C-47).
//
// Moves the Client to another of them once in a while (D-39): otherwise all
// would stay where an outage has driven them, and some at a node that is cut
// off from the others.
//
// Lives on one loop.
class NodeFinder final {
 public:
  // All of them outlive the NodeFinder's loop.
  NodeFinder(base::Loop& loop, Requester& requester, NodeFinderOptions options);

  // Asks for the first time, soon. Called once. Thread-safe.
  void Begin();

 private:
  void Ask();
  void OnAnswered(const absl::StatusOr<Answer>& answer);
  void RotateLater();

  base::Loop& loop_;
  Requester& requester_;
  const NodeFinderOptions options_;
  std::minstd_rand random_;
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_NODE_FINDER_H_
