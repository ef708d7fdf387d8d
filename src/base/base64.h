// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_BASE64_H_
#define NAMING_BASE_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace naming::base {

// Returns `bytes` in RFC 4648's standard base64, padded.
std::string Base64Encode(std::string_view bytes);

// Undoes it; nullopt when `text` isn't that.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace naming::base

#endif  // NAMING_BASE_BASE64_H_
