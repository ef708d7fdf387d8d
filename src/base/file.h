// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_FILE_H_
#define NAMING_BASE_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace naming::base {

// Whether a file survives a loss of power from the moment that it is replaced,
// which waits for the disk.
enum class Sync { kNo, kYes };

// How names of files that are being written end: "<path>.<16 hex digits>.tmp".
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Replaces the file `path` by one that holds `text`, or leaves it as it was:
// whoever reads it sees one or the other, whole, also when this process is
// killed meanwhile, or others replace it at the same time. A process that is
// killed leaves a temporary file behind.
//
// Errors: kUnavailable; the message says what the system refused.
absl::Status ReplaceFile(const std::string& path, std::string_view text,
                         Sync sync);

// Returns what the file `path` holds. Never waits for anything but the disk.
//
// Errors: kNotFound, there is none; kResourceExhausted, it is larger than
// `max_bytes`; kUnavailable, it can't be read, or isn't a regular file.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     std::size_t max_bytes);

}  // namespace naming::base

#endif  // NAMING_BASE_FILE_H_
