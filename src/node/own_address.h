// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_OWN_ADDRESS_H_
#define NAMING_NODE_OWN_ADDRESS_H_

#include <string>
#include <vector>

#include "base/url.h"

namespace naming::node {

// Returns those of `nodes`, each "host:port", that are a node which listens on
// `listening`: they have its port, and are its address, or name it. Where it
// listens on every address of the machine (0.0.0.0, ::), any of these is its
// own. May wait for host names to be looked up.
std::vector<std::string> OwnEntries(const base::HostPort& listening,
                                    const std::vector<std::string>& nodes);

// Returns the "host:port" by which a node that listens on `listening` is known,
// `own_entries` being what OwnEntries() returns: where it listens, if that is
// among them, or there are none; else the first.
std::string OwnAddress(const base::HostPort& listening,
                       const std::vector<std::string>& own_entries);

}  // namespace naming::node

#endif  // NAMING_NODE_OWN_ADDRESS_H_
