// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_OWN_ADDRESS_H_
#define NAMING_NODE_OWN_ADDRESS_H_

#include <string>
#include <vector>

#include "base/url.h"

namespace naming::node {

// Returns the "host:port" by which a node that listens on `listening` is known.
// Where it listens on every address of the machine (0.0.0.0, ::), that is the
// one of `nodes` which has its port and is this machine's; none: `listening`.
// May wait for host names to be looked up.
std::string OwnAddress(const base::HostPort& listening,
                       const std::vector<std::string>& nodes);

}  // namespace naming::node

#endif  // NAMING_NODE_OWN_ADDRESS_H_
