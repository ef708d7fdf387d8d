// SPDX-License-Identifier: Apache-2.0

#include "node/go_json.h"

#include <cstddef>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::node {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Returns the character that `text`, not empty, begins with; empty when it
// begins with a byte that isn't UTF-8.
std::string_view FirstCharacter(std::string_view text) {
  return text.substr(0, base::CharacterLength(text));
}

void AppendQuoted(std::string& out, unsigned char c) {
  constexpr std::string_view kControls = "\a\b\f\n\r\t\v";
  constexpr std::string_view kNames = "abfnrtv";
  const std::size_t control = kControls.find(static_cast<char>(c));
  if (control != std::string_view::npos) {
    out += '\\';
    out += kNames[control];
  } else if (c == '"' || c == '\\') {
    out += '\\';
    out += static_cast<char>(c);
  } else if (c < 0x20 || c == 0x7F) {
    absl::StrAppendFormat(&out, "\\x%02x", c);
  } else {
    out += static_cast<char>(c);
  }
}

void AppendJsEscaped(std::string& out, unsigned char c) {
  constexpr std::string_view kEscapedByBackslash = "\\'\"";
  constexpr std::string_view kEscapedByNumber = "<>&=";
  const char character = static_cast<char>(c);
  if (kEscapedByBackslash.find(character) != std::string_view::npos) {
    out += '\\';
    out += character;
  } else if (c < 0x20 ||
             kEscapedByNumber.find(character) != std::string_view::npos) {
    absl::StrAppendFormat(&out, "\\u%04X", c);
  } else {
    out += character;
  }
}

}  // namespace

std::string GoQuote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::string_view character = FirstCharacter(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (character.empty()) {
      absl::StrAppendFormat(&quoted, "\\x%02x", first);
    } else if (character.size() > 1) {
      quoted += character;
    } else {
      AppendQuoted(quoted, first);
    }
    text.remove_prefix(character.empty() ? 1 : character.size());
  }
  quoted += '"';
  return quoted;
}

std::string GoJsEscape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    AppendJsEscaped(escaped, static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string GoValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::string_view character = FirstCharacter(text);
    valid += character.empty() ? kReplacement : character;
    text.remove_prefix(character.empty() ? 1 : character.size());
  }
  return valid;
}

}  // namespace naming::node
