// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_PEER_LIST_H_
#define NAMING_NODE_PEER_LIST_H_

#include <map>
#include <string>
#include <vector>

#include "node/directory.h"
#include "node/store.h"

namespace naming::node {

// The other nodes, as "host:port" with the zone of each.
using PeerList = std::map<std::string, std::string>;

// Returns the peers of `self`: those it was configured with (`nodes` of its own
// zone, `zones` of the others), and those that are registered in its env as
// infra.discovery. What names `self`, or an address that nobody can connect to
// (0.0.0.0), isn't one.
PeerList ListPeers(const NodeIdentity& self,
                   const std::vector<std::string>& nodes,
                   const std::map<std::string, std::vector<std::string>>& zones,
                   const Store& store);

}  // namespace naming::node

#endif  // NAMING_NODE_PEER_LIST_H_
