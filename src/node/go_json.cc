// SPDX-License-Identifier: Apache-2.0

#include "node/go_json.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::node {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kLineSeparator = "\xE2\x80\xA8";
constexpr std::string_view kParagraphSeparator = "\xE2\x80\xA9";

// Returns the character that `text`, not empty, begins with; empty when it
// begins with a byte that isn't UTF-8.
std::string_view FirstCharacter(std::string_view text) {
  return text.substr(0, base::CharacterLength(text));
}

bool IsPlain(unsigned char c) {
  return c >= 0x20 && c <= 0x7F && c != '"' && c != '\\' && c != '<' &&
         c != '>' && c != '&';
}

// Returns how many bytes at the beginning of `text` JSON shows as they are.
std::size_t PlainLength(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsPlain);
  return static_cast<std::size_t>(end - text.begin());
}

void AppendEscaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (c < 0x20 || c == '<' || c == '>' || c == '&') {
    absl::StrAppendFormat(&out, "\\u%04x", c);
  } else {
    out += static_cast<char>(c);
  }
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

void GoJsonWriter::Key(std::string_view name) {
  Separate();
  Quoted(name);
  text_ += ':';
  needs_comma_ = false;
}

void GoJsonWriter::String(std::string_view value) {
  Separate();
  Quoted(value);
  needs_comma_ = true;
}

void GoJsonWriter::Int64(std::int64_t value) {
  Separate();
  text_ += std::to_string(value);
  needs_comma_ = true;
}

void GoJsonWriter::Null() { Raw("null"); }

void GoJsonWriter::Raw(std::string_view json) {
  Separate();
  text_ += json;
  needs_comma_ = true;
}

std::string GoJsonWriter::Take() {
  needs_comma_ = false;
  return std::exchange(text_, std::string());
}

void GoJsonWriter::Open(char bracket) {
  Separate();
  text_ += bracket;
  needs_comma_ = false;
}

void GoJsonWriter::Close(char bracket) {
  text_ += bracket;
  needs_comma_ = true;
}

void GoJsonWriter::Separate() {
  if (needs_comma_) text_ += ',';
}

void GoJsonWriter::Quoted(std::string_view text) {
  text_ += '"';
  for (;;) {
    const std::size_t plain = PlainLength(text);
    text_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::string_view character = FirstCharacter(text);
    if (character.empty()) {
      text_ += "\\ufffd";
    } else if (character == kLineSeparator) {
      text_ += "\\u2028";
    } else if (character == kParagraphSeparator) {
      text_ += "\\u2029";
    } else if (character.size() > 1) {
      text_ += character;
    } else {
      AppendEscaped(text_, static_cast<unsigned char>(character[0]));
    }
    text.remove_prefix(character.empty() ? 1 : character.size());
  }
  text_ += '"';
}

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
