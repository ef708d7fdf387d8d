// SPDX-License-Identifier: Apache-2.0

#include "net/json_splitter.h"

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::net {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\r";

}  // namespace

void JsonSplitter::Append(std::string_view bytes) {
  if (status_.ok()) buffer_ += bytes;
}

std::optional<std::string> JsonSplitter::Next() {
  if (depth_ == 0) {
    buffer_.erase(0, buffer_.find_first_not_of(kWhiteSpace));
    scanned_ = 0;
    if (buffer_.empty() || !status_.ok()) return std::nullopt;
    if (buffer_[0] != '{') {
      status_ = absl::InternalError(absl::StrFormat(
          "the stream has no JSON object: %s", base::Excerpt(buffer_, 200)));
      return std::nullopt;
    }
  }
  for (; scanned_ < buffer_.size(); ++scanned_) {
    const char c = buffer_[scanned_];
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (is_in_string_) {
      is_escaped_ = c == '\\';
      is_in_string_ = c != '"';
    } else if (c == '"') {
      is_in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      std::string object = buffer_.substr(0, scanned_ + 1);
      buffer_.erase(0, scanned_ + 1);
      return object;
    }
  }
  if (buffer_.size() > max_bytes_) {
    status_ = absl::ResourceExhaustedError(absl::StrFormat(
        "an object of the stream is larger than %d bytes", max_bytes_));
  }
  return std::nullopt;
}

}  // namespace naming::net
