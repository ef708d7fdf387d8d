// SPDX-License-Identifier: Apache-2.0

#include "discovery/node_choice.h"

#include "discovery/requester.h"

namespace naming::discovery {

std::optional<std::string> NodeChoice::Choose(core::NodesView& nodes) {
  if (!refused_by_.empty()) {
    if (auto other = nodes.FirstWell(refused_by_)) return other;
    refused_by_.clear();
  }
  return nodes.Choose();
}

bool NodeChoice::Note(core::NodesView& nodes, const std::string& node,
                      const absl::Status& status) {
  if (!kRequestsFault.IsOn(status)) return false;
  refused_by_.insert(node);
  if (nodes.FirstWell(refused_by_)) return false;
  refused_by_.clear();
  return true;
}

}  // namespace naming::discovery
