// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLI_PARSE_H_
#define NAMING_CLI_PARSE_H_

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/output.h"
#include "naming/instance.h"

namespace naming::cli {

// Returns the duration that `text` says: a whole number and its unit, such as
// 500ms, 10s, 2m or 1h; at most 1000h.
//
// Errors: kInvalidArgument.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text);

// Returns the map that `pairs` of the form "key=value" make.
//
// Errors: kInvalidArgument, one has no '=' or no key, or a key comes twice.
absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(
    const std::vector<std::string>& pairs);

// Returns the status that `text` names: "up" or "waiting".
//
// Errors: kInvalidArgument.
absl::StatusOr<Instance::Status> ParseStatus(std::string_view text);

// Returns the format that `text` names: "table" or "json".
//
// Errors: kInvalidArgument.
absl::StatusOr<Output::Format> ParseFormat(std::string_view text);

}  // namespace naming::cli

#endif  // NAMING_CLI_PARSE_H_
