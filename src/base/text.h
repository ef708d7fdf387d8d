// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_TEXT_H_
#define NAMING_BASE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace naming::base {

// Returns the parts of `text` between `separator`s; "" has one empty part.
std::vector<std::string_view> Split(std::string_view text, char separator);

// Returns `text` without ASCII white space at both ends.
std::string_view Trim(std::string_view text);

std::string ToLower(std::string_view text);

// Returns the decimal number that `text` is as a whole; an optional '-' apart,
// nothing but digits.
std::optional<std::int64_t> ParseInt64(std::string_view text);

// Returns the length in bytes of the UTF-8 character that `text` begins with;
// 0: it is empty, or doesn't begin with one.
std::size_t CharacterLength(std::string_view text);

bool IsValidUtf8(std::string_view text);

// Returns `text` with U+FFFD for each byte that isn't UTF-8, as Go reads it.
std::string ToValidUtf8(std::string_view text);

// Returns `text` on one line, at most `max_bytes` long, fit for messages:
// control characters become blanks, bytes that aren't UTF-8 question marks, and
// a cut shows as "...".
std::string Excerpt(std::string_view text, std::size_t max_bytes);

}  // namespace naming::base

#endif  // NAMING_BASE_TEXT_H_
