// SPDX-License-Identifier: Apache-2.0

#include "net/json_reader.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::net {
namespace {

// Names and blocks are looked at as a whole, so as many may be read behind the
// last one. A zero is part of no JSON: it ends whatever is being read.
constexpr std::size_t kReadAhead = 32;
static_assert(kReadAhead >= JsonName::kSize && kReadAhead >= JsonBlock::kSize);

constexpr std::size_t kMaxDepth = 512;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Returns the character that `letter` stands for behind a backslash; 0: none.
char Unescaped(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

char* AppendUtf8(unsigned code_point, char* to) {
  const auto put = [&to](unsigned byte) { *to++ = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
    return to;
  }
  if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | (code_point >> 12));
    } else {
      put(0xF0 | (code_point >> 18));
      put(0x80 | ((code_point >> 12) & 0x3F));
    }
    put(0x80 | ((code_point >> 6) & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
  return to;
}

}  // namespace

JsonReader::JsonReader(std::string text)
    : text_(std::move(text)), size_(text_.size()) {
  text_.append(kReadAhead, '\0');
  at_ = text_.data();
}

bool JsonReader::IsObject() { return is_before_value_ && Peek() == '{'; }
bool JsonReader::IsArray() { return is_before_value_ && Peek() == '['; }
bool JsonReader::IsNull() { return is_before_value_ && Peek() == 'n'; }

std::optional<std::int64_t> JsonReader::ReadInt64() {
  if (!is_before_value_) return std::nullopt;
  const char c = Peek();
  if (c != '-' && !IsDigit(c)) {
    Skip();
    return std::nullopt;
  }
  is_before_value_ = false;
  const char* const begin = at_;
  bool is_integer = false;
  if (!ReadNumber(is_integer) || !is_integer) return std::nullopt;
  if (at_ - begin == 1) return c - '0';
  return base::ParseInt64(
      std::string_view(begin, static_cast<std::size_t>(at_ - begin)));
}

// Nothing recurses: depth costs no stack.
std::string_view JsonReader::SkipAny() {
  if (!is_before_value_) return {};
  nesting_.clear();
  Peek();
  const char* const begin = at_;
  SkipScalarOrEnter();
  while (!nesting_.empty()) {
    const bool has_next = nesting_.back() == '{'
                              ? NextName(false).data() != nullptr
                              : NextElement();
    if (has_next) {
      SkipScalarOrEnter();
    } else {
      nesting_.pop_back();
    }
  }
  if (!ok()) return {};
  return std::string_view(begin, static_cast<std::size_t>(at_ - begin));
}

void JsonReader::SkipScalarOrEnter() {
  const char c = Peek();
  is_before_value_ = false;
  bool is_integer = false;
  if (c == '"') {
    ReadQuoted(false);
  } else if (c == '-' || IsDigit(c)) {
    ReadNumber(is_integer);
  } else if (c != '{' && c != '[') {
    ReadLiteral();
  } else if (nesting_.size() == kMaxDepth) {
    Fail("nested too deep");
  } else {
    nesting_ += c;
    ++at_;
    is_first_ = true;
  }
}

absl::Status JsonReader::status() const {
  if (ok()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrFormat("no JSON at byte %d: %s", error_at_, error_));
}

void JsonReader::SkipWhiteSpace() {
  while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
}

bool JsonReader::Enter(char opening) {
  if (!is_before_value_) return false;
  if (Peek() != opening) {
    Skip();
    return false;
  }
  ++at_;
  is_before_value_ = false;
  is_first_ = true;
  return true;
}

// Reads a text from `begin` on, of which all before `at` is plain. Decodes it
// in its place: an escape is longer than what it stands for.
std::string_view JsonReader::ReadUneven(char* begin, char* at, bool is_kept) {
  const char* const end = text_.data() + size_;
  char* to = at;
  while (*at != '"') {
    if (*at == '\\') {
      at_ = at;
      if (!ReadEscape(at, to, is_kept)) return {};
      continue;
    }
    std::size_t length = static_cast<std::size_t>(PlainEnd(at) - at);
    if (length == 0) {
      at_ = at;
      if (static_cast<unsigned char>(*at) < 0x20) {
        return FailText(at < end ? "a control character"
                                 : "no end of a string");
      }
      length = base::CharacterLength(
          std::string_view(at, static_cast<std::size_t>(end - at)));
      if (length == 0) return FailText("no UTF-8");
    }
    if (is_kept) std::memmove(to, at, length);
    to += length;
    at += length;
  }
  at_ = at + 1;
  return std::string_view(begin, static_cast<std::size_t>(to - begin));
}

bool JsonReader::ReadEscape(char*& at, char*& to, bool is_kept) {
  const char plain = Unescaped(at[1]);
  if (plain != 0) {
    if (is_kept) *to = plain;
    ++to;
    at += 2;
    return true;
  }
  if (at[1] != 'u') return Fail("no such escape");
  std::optional<unsigned> code_point = ReadHex(at + 2);
  if (!code_point) return Fail("no four hex digits");
  at += 6;
  if (*code_point >= 0xD800 && *code_point < 0xDC00) {
    const bool is_pair = at[0] == '\\' && at[1] == 'u';
    const auto low = is_pair ? ReadHex(at + 2) : std::nullopt;
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return Fail("half a surrogate");
    at += 6;
    code_point = 0x10000 + ((*code_point - 0xD800) << 10) + (*low - 0xDC00);
  } else if (*code_point >= 0xDC00 && *code_point < 0xE000) {
    // No UTF-8 can hold a single low surrogate. Go and browsers read this.
    code_point = 0xFFFD;
  }
  if (is_kept) {
    to = AppendUtf8(*code_point, to);
  }
  return true;
}

std::optional<unsigned> JsonReader::ReadHex(const char* at) const {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    unsigned digit = 0;
    if (IsDigit(c)) {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
  }
  return value;
}

bool JsonReader::ReadNumber(bool& is_integer) {
  is_integer = true;
  if (*at_ == '-') ++at_;
  if (*at_ == '0') {
    ++at_;
  } else if (!ReadDigits()) {
    return false;
  }
  if (*at_ == '.') {
    is_integer = false;
    ++at_;
    if (!ReadDigits()) return false;
  }
  if (*at_ == 'e' || *at_ == 'E') {
    is_integer = false;
    ++at_;
    if (*at_ == '+' || *at_ == '-') ++at_;
    return ReadDigits();
  }
  return true;
}

bool JsonReader::ReadDigits() {
  if (!IsDigit(*at_)) return Fail("no digit");
  at_ = DigitsEnd(at_);
  return true;
}

bool JsonReader::ReadLiteral() {
  for (const std::string_view literal : {"null", "true", "false"}) {
    if (std::strncmp(at_, literal.data(), literal.size()) == 0) {
      at_ += literal.size();
      return true;
    }
  }
  return Fail("no value");
}

// Goes to the end, where there is nothing to read.
bool JsonReader::Fail(const char* error) {
  if (error_ == nullptr) {
    error_ = error;
    error_at_ = static_cast<std::size_t>(at_ - text_.data());
  }
  at_ = text_.data() + size_;
  is_before_value_ = false;
  return false;
}

}  // namespace naming::net
