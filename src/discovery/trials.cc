// SPDX-License-Identifier: Apache-2.0

#include "discovery/trials.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace naming::discovery {
namespace {

// How many requests a node gets at a time until it has answered one.
constexpr std::ptrdiff_t kMost = 2;

}  // namespace

bool Trials::Begin(PollGroupId group, const std::string& node) {
  const auto count = std::count_if(
      nodes_.begin(), nodes_.end(),
      [&node](const auto& trial) { return trial.second == node; });
  if (count >= kMost) {
    held_up_.insert(group);
    return false;
  }
  nodes_[group] = node;
  return true;
}

std::set<PollGroupId> Trials::End(PollGroupId group) {
  if (nodes_.erase(group) == 0) return {};
  return std::exchange(held_up_, {});
}

}  // namespace naming::discovery
