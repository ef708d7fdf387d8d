// SPDX-License-Identifier: Apache-2.0

#include "base/check.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"

namespace naming::base {
namespace {

using std::chrono::milliseconds;

absl::Status Must(std::string_view field, std::string_view demand) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: must %s", field, demand));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string ToString(milliseconds duration) {
  if (duration == milliseconds::zero()) return "0s";
  if (duration % std::chrono::hours(1) == milliseconds::zero()) {
    return absl::StrFormat("%dh", duration / std::chrono::hours(1));
  }
  if (duration % std::chrono::minutes(1) == milliseconds::zero()) {
    return absl::StrFormat("%dmin", duration / std::chrono::minutes(1));
  }
  if (duration % std::chrono::seconds(1) == milliseconds::zero()) {
    return absl::StrFormat("%ds", duration / std::chrono::seconds(1));
  }
  return absl::StrFormat("%dms", duration.count());
}

}  // namespace

absl::Status CheckText(std::string_view field, std::string_view text,
                       std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return Must(field, absl::StrFormat("be at most %d bytes", max_bytes));
  }
  if (!IsValidUtf8(text) || HasControl(text)) {
    return Must(field, "be UTF-8 without control characters");
  }
  return absl::OkStatus();
}

absl::Status CheckNonEmptyText(std::string_view field, std::string_view text,
                               std::size_t max_bytes) {
  if (text.empty()) return Must(field, "not be empty");
  return CheckText(field, text, max_bytes);
}

absl::Status CheckName(std::string_view field, std::string_view text,
                       std::size_t max_bytes) {
  absl::Status status = CheckNonEmptyText(field, text, max_bytes);
  if (!status.ok()) return status;
  if (text.find(' ') != std::string_view::npos) {
    return Must(field, "not contain white space");
  }
  return absl::OkStatus();
}

absl::Status CheckAddress(std::string_view field, std::string_view text) {
  absl::Status status = CheckName(field, text);
  if (!status.ok()) return status;
  // Discovery nodes join the addresses of an Instance with commas.
  if (text.find(',') != std::string_view::npos) {
    return Must(field, "be one address, without a comma");
  }
  if (!ParseAddress(text)) {
    return Must(field, absl::StrFormat("be \"scheme://host:port\", is \"%s\"",
                                       Excerpt(text, 100)));
  }
  return absl::OkStatus();
}

absl::Status CheckDirectory(std::string_view field, std::string_view path) {
  constexpr std::size_t kMaxBytes = 3000;  // Leaves room for files' names.
  if (path.size() > kMaxBytes) {
    return Must(field, absl::StrFormat("be at most %d bytes", kMaxBytes));
  }
  if (path.find('\0') != std::string_view::npos) {
    return Must(field, "not contain a zero byte");
  }
  return absl::OkStatus();
}

absl::Status CheckDuration(std::string_view field, milliseconds value,
                           milliseconds least, milliseconds most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Must(field, absl::StrFormat("be in [%s, %s]", ToString(least),
                                     ToString(most)));
}

// Not a number is in no range.
absl::Status CheckShare(std::string_view field, double value) {
  if (value >= 0 && value <= 1) return absl::OkStatus();
  return Must(field, "be in [0, 1]");
}

}  // namespace naming::base
