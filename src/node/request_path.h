// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_REQUEST_PATH_H_
#define NAMING_NODE_REQUEST_PATH_H_

#include <optional>
#include <string>
#include <string_view>

namespace naming::node {

// Returns the path of a request's target as the router sees it: decoded,
// without a scheme and host, repeated slashes as one. nullopt: it doesn't
// decode.
std::optional<std::string> PathOf(std::string_view target);

}  // namespace naming::node

#endif  // NAMING_NODE_REQUEST_PATH_H_
