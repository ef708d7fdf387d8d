// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_LISTEN_ADDRESS_H_
#define NAMING_XDS_LISTEN_ADDRESS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace naming::xds {

// Returns whether `name`, a path or an abstract name, can stand behind "unix:"
// or "unix-abstract:" and means itself there.
bool IsSocketName(std::string_view name);

// What such a name is, for messages: sockaddr_un has room for so many bytes.
inline constexpr std::string_view kSocketNameRule =
    "in at most 107 bytes, without %, ?, #, control characters and \"//\" at "
    "the beginning";

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
