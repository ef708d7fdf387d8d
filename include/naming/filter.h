// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_FILTER_H_
#define NAMING_FILTER_H_

#include <string_view>
#include <vector>

#include "naming/endpoint.h"
#include "naming/export.h"
#include "naming/snapshot.h"

namespace naming {

// Returns one Endpoint for each Instance of `snapshot` that listens on an
// address of `addr_scheme`: its first such address. Empty `addr_scheme`: its
// first address, whatever the scheme. Addresses that aren't
// "scheme://host:port" are skipped. A pure function.
NAMING_EXPORT std::vector<Endpoint> EndpointsOf(const Snapshot& snapshot,
                                                std::string_view addr_scheme);

}  // namespace naming

#endif  // NAMING_FILTER_H_
