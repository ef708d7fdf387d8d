// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEGRATION_NODE_PLAIN_NODE_H_
#define NAMING_TESTS_INTEGRATION_NODE_PLAIN_NODE_H_

#include <memory>
#include <utility>

#include "naming/node/discovery_node.h"
#include "tests/support/catch.h"

namespace naming::node {

// Starts a node that is as `options` say, and nothing else.
inline std::unique_ptr<DiscoveryNode> StartPlainNode(
    const DiscoveryNodeOptions& options = {}) {
  auto node = DiscoveryNode::Start(options);
  REQUIRE(node.ok());
  return *std::move(node);
}

}  // namespace naming::node

#endif  // NAMING_TESTS_INTEGRATION_NODE_PLAIN_NODE_H_
