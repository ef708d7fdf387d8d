// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_LISTEN_ADDRESS_H_
#define NAMING_XDS_LISTEN_ADDRESS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace naming::xds {

// Returns the path of "unix:path"; nullopt: it is another kind of address.
std::optional<std::string> UnixPathOf(std::string_view listen);

// Returns whether a Server may listen on `listen`: on an address of the network
// other than the loopback's only if `is_public`.
//
// Errors: kInvalidArgument, it may not.
absl::Status CheckListen(std::string_view listen, bool is_public);

// Returns whether nobody has the Unix socket at `path`: there is none, or one
// that a program left that has ended.
bool IsFree(const std::string& path);

}  // namespace naming::xds

#endif  // NAMING_XDS_LISTEN_ADDRESS_H_
