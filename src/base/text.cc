// SPDX-License-Identifier: Apache-2.0

#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace naming::base {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
constexpr std::string_view kCut = "...";

bool IsControl(unsigned char c) { return c < 0x20 || c == 0x7F; }

bool IsContinuation(unsigned char c) { return (c & 0xC0) == 0x80; }

struct Sequence {
  std::size_t length;  // 0: no sequence begins with this byte.
  unsigned char second_min;
  unsigned char second_max;
};

// Table 3-7 of the Unicode Standard: the range of the second byte is what keeps
// overlong forms, surrogates and code points above U+10FFFF out.
Sequence SequenceOf(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// Returns the longest beginning of `text`, which is UTF-8 and longer than that,
// of at most `max_bytes`.
std::string Prefix(std::string_view text, std::size_t max_bytes) {
  std::size_t end = max_bytes;
  while (end > 0 && IsContinuation(static_cast<unsigned char>(text[end]))) {
    --end;
  }
  return std::string(text.substr(0, end));
}

}  // namespace

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  const std::size_t last = text.find_last_not_of(kWhiteSpace);
  return text.substr(first, last - first + 1);
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<std::int64_t> ParseInt64(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::size_t CharacterLength(std::string_view text) {
  if (text.empty()) return 0;
  const Sequence sequence = SequenceOf(static_cast<unsigned char>(text[0]));
  if (sequence.length <= 1) return sequence.length;
  if (text.size() < sequence.length) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if (second < sequence.second_min || second > sequence.second_max) return 0;
  for (std::size_t i = 2; i < sequence.length; ++i) {
    if (!IsContinuation(static_cast<unsigned char>(text[i]))) return 0;
  }
  return sequence.length;
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ToValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    valid += length == 0 ? "\xEF\xBF\xBD" : text.substr(0, length);
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  return valid;
}

std::string Excerpt(std::string_view text, std::size_t max_bytes) {
  std::string excerpt;
  while (!text.empty() && excerpt.size() <= max_bytes) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) {
      excerpt += '?';
    } else if (IsControl(static_cast<unsigned char>(text[0]))) {
      excerpt += ' ';
    } else {
      excerpt += text.substr(0, length);
    }
    text.remove_prefix(std::max(length, std::size_t{1}));
  }
  if (excerpt.size() <= max_bytes) return excerpt;
  if (max_bytes <= kCut.size()) return std::string(kCut.substr(0, max_bytes));
  excerpt = Prefix(excerpt, max_bytes - kCut.size());
  excerpt += kCut;
  return excerpt;
}

}  // namespace naming::base
