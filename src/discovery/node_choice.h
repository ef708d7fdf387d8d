// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_NODE_CHOICE_H_
#define NAMING_DISCOVERY_NODE_CHOICE_H_

#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "core/nodes.h"

namespace naming::discovery {

// Which node the requests of one registration, or of some applications, go to:
// the one that all do, unless it refuses these alone (see kRequestsFault).
// Then they go to another one for a minute, and the others stay.
class NodeChoice final {
 public:
  // Returns the node to ask now; nothing while every node is backing off.
  std::optional<std::string> Choose(core::NodesView& nodes,
                                    base::Clock::TimePoint now);

  // Notes why `node` gave no answer. Returns whether it refused, as all others
  // that are well have done: from then on all have their turn again.
  bool Note(core::NodesView& nodes, base::Clock::TimePoint now,
            const std::string& node, const absl::Status& status);

 private:
  std::set<std::string> refused_by_;
  base::Clock::TimePoint refused_at_{};  // By the first of these.
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_NODE_CHOICE_H_
