// SPDX-License-Identifier: Apache-2.0

#include "discovery/node_choice.h"

#include <chrono>

#include "discovery/requester.h"

namespace naming::discovery {
namespace {

// What a node refused may have passed by then.
constexpr std::chrono::minutes kPassOverFor{1};

}  // namespace

std::optional<std::string> NodeChoice::Choose(core::NodesView& nodes,
                                              base::Clock::TimePoint now) {
  if (now - refused_at_ >= kPassOverFor) refused_by_.clear();
  if (!refused_by_.empty()) {
    if (auto other = nodes.FirstWell(refused_by_)) return other;
    refused_by_.clear();
  }
  return nodes.Choose();
}

bool NodeChoice::Note(core::NodesView& nodes, base::Clock::TimePoint now,
                      const std::string& node, const absl::Status& status) {
  if (!kRequestsFault.IsOn(status)) return false;
  if (refused_by_.empty()) refused_at_ = now;
  refused_by_.insert(node);
  if (nodes.FirstWell(refused_by_)) return false;
  refused_by_.clear();
  return true;
}

}  // namespace naming::discovery
