// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_CHECK_H_
#define NAMING_BASE_CHECK_H_

#include <chrono>
#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

// What is asked of texts that users hand in. Each function returns
// kInvalidArgument with a message "<field>: must …" when `text` isn't so.
namespace naming::base {

// UTF-8 without control characters, at most `max_bytes`; may be empty.
absl::Status CheckText(std::string_view field, std::string_view text,
                       std::size_t max_bytes = 255);

// The same, and not empty.
absl::Status CheckNonEmptyText(std::string_view field, std::string_view text,
                               std::size_t max_bytes = 255);

// The same, and without white space: names that stand in URLs and tables.
absl::Status CheckName(std::string_view field, std::string_view text,
                       std::size_t max_bytes = 255);

// "scheme://host:port", without a comma; see base::ParseAddress().
absl::Status CheckAddress(std::string_view field, std::string_view text);

// A directory that is to hold files; may be empty.
absl::Status CheckDirectory(std::string_view field, std::string_view path);

// Other values: "<field>: must be in [1s, 1min]" when `value` isn't.
absl::Status CheckDuration(std::string_view field,
                           std::chrono::milliseconds value,
                           std::chrono::milliseconds least,
                           std::chrono::milliseconds most);
absl::Status CheckShare(std::string_view field, double value);

}  // namespace naming::base

#endif  // NAMING_BASE_CHECK_H_
