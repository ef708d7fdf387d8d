// SPDX-License-Identifier: Apache-2.0

#include "cli/parse.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::cli {
namespace {

std::optional<std::chrono::milliseconds> UnitOf(std::string_view name) {
  if (name == "ms") return std::chrono::milliseconds(1);
  if (name == "s") return std::chrono::seconds(1);
  if (name == "m") return std::chrono::minutes(1);
  if (name == "h") return std::chrono::hours(1);
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  constexpr std::chrono::milliseconds kMax = std::chrono::hours(1000);
  const std::size_t digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::int64_t> number =
      base::ParseInt64(text.substr(0, digits));
  const std::optional<std::chrono::milliseconds> unit =
      UnitOf(text.substr(digits));
  if (!number || !unit || *number > kMax / *unit) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" must be a duration such as 500ms, 10s, 2m or 1h", text));
  }
  return *number * *unit;
}

absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(
    const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> metadata;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("\"%s\" must be key=value", pair));
    }
    const bool is_new =
        metadata.emplace(pair.substr(0, equals), pair.substr(equals + 1))
            .second;
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrFormat("\"%s\": the key was given before", pair));
    }
  }
  return metadata;
}

absl::StatusOr<Instance::Status> ParseStatus(std::string_view text) {
  for (const auto status :
       {Instance::Status::kUp, Instance::Status::kWaiting}) {
    if (text == ToString(status)) return status;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("\"%s\" must be up or waiting", text));
}

absl::StatusOr<Output::Format> ParseFormat(std::string_view text) {
  if (text == "table") return Output::Format::kTable;
  if (text == "json") return Output::Format::kJson;
  return absl::InvalidArgumentError(
      absl::StrFormat("\"%s\" must be table or json", text));
}

}  // namespace naming::cli
