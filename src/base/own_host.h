// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_OWN_HOST_H_
#define NAMING_BASE_OWN_HOST_H_

#include <string>
#include <string_view>

namespace naming::base {

// Whether `host` means every address of the machine: "0.0.0.0", "::", or
// nothing.
bool IsWildcard(std::string_view host);

// Returns the address, without brackets, from which this machine would reach
// others: that of its route to the world, else one of any network that is up,
// IPv4 first. Empty: it has none but the loopback's. Sends nothing.
std::string OwnHost();

}  // namespace naming::base

#endif  // NAMING_BASE_OWN_HOST_H_
