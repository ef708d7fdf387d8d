// SPDX-License-Identifier: Apache-2.0

#include "net/go_json.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::net {
namespace {

constexpr std::string_view kLineSeparator = "\xE2\x80\xA8";
constexpr std::string_view kParagraphSeparator = "\xE2\x80\xA9";

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
    const std::string_view character =
        text.substr(0, base::CharacterLength(text));
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

}  // namespace naming::net
