// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_MULTIPART_H_
#define NAMING_NODE_MULTIPART_H_

#include <string_view>

#include "base/url.h"

namespace naming::node {

// Returns the fields of a form that came as multipart/form-data (RFC 7578),
// without its files; of a malformed one those before the fault. `content_type`
// tells the boundary.
base::Parameters ParseMultipart(std::string_view content_type,
                                std::string_view body);

}  // namespace naming::node

#endif  // NAMING_NODE_MULTIPART_H_
