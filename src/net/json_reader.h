// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_JSON_READER_H_
#define NAMING_NET_JSON_READER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace naming::net {

// Reads one JSON text once, from front to back, without a tree of it: for the
// answers that are as large as an application. See JsonDocument for the rest.
//
// At any time the reader stands before at most one value, in the beginning the
// text's own. Each function below that reads takes that value, whatever its
// type; of a wrong one it returns nothing. ForEachMember() and ForEachElement()
// put the reader before each value in turn; what `visit` doesn't read is
// skipped. Once the text turns out to be no JSON, all of them return nothing
// and visit nobody.
//
// Thread-compatible. The texts that it returns lie in the reader.
class JsonReader final {
 public:
  // Reads the first JSON value of `text`; what follows it is ignored, because
  // old discovery nodes write two.
  explicit JsonReader(std::string text);

  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // Returns whether the value that it stands before is of that type.
  bool IsObject();
  bool IsArray();
  bool IsNull();

  // Numbers with a fraction or an exponent, or out of range, are no int64.
  std::optional<std::int64_t> ReadInt64();
  std::optional<std::string_view> ReadString() {
    std::string_view text;
    if (!is_before_value_) return std::nullopt;
    if (Peek() != '"') {
      Skip();
      return std::nullopt;
    }
    is_before_value_ = false;
    if (!ReadText(&text)) return std::nullopt;
    return text;
  }

  // Skips a value and returns its text as it came.
  std::string_view Skip();

  // Calls `visit` with each member's name, before its value, in order. Returns
  // whether it was an object.
  template <typename Visit>
  bool ForEachMember(Visit visit) {
    if (!Enter('{')) return false;
    for (std::string_view name; NextMember(&name); SkipUnread()) visit(name);
    return ok();
  }

  // The same, but `visit` gets the place of each name among `names`; their
  // number for another one. Quick when members come in the order of `names`,
  // which have no more than 20 bytes each.
  template <std::size_t kCount, typename Visit>
  bool ForEachMember(const std::array<std::string_view, kCount>& names,
                     Visit visit) {
    if (!Enter('{')) return false;
    std::size_t place = kCount;
    while (NextMember(names.data(), kCount, &place)) {
      visit(place);
      SkipUnread();
    }
    return ok();
  }

  // Calls `visit` before each element, in order. Returns whether it was an
  // array.
  template <typename Visit>
  bool ForEachElement(Visit visit) {
    if (!Enter('[')) return false;
    for (; NextElement(); SkipUnread()) visit();
    return ok();
  }

  // Errors: kInternal, what was read so far isn't JSON, or is nested more than
  // 512 deep in what was skipped; says where.
  absl::Status status() const;
  bool ok() const { return error_ == nullptr; }

 private:
  // Skips white space; returns the character behind it.
  char Peek() {
    if (static_cast<unsigned char>(*at_) <= ' ') SkipWhiteSpace();
    return *at_;
  }
  void SkipWhiteSpace();
  bool Enter(char opening);

  // Goes to the next member's value, if there is one. No `name`: it stays as it
  // was written.
  bool NextMember(std::string_view* name) {
    if (!Next('}')) return false;
    if (*at_ != '"') return Fail("no name of a member");
    if (!ReadText(name)) return false;
    if (Peek() != ':') return Fail("no colon behind a name");
    ++at_;
    is_before_value_ = true;
    return true;
  }

  // The same for a name of which the likely one is that behind names[*place].
  bool NextMember(const std::string_view* names, std::size_t count,
                  std::size_t* place) {
    if (!Next('}')) return false;
    *place = *place + 1 < count ? *place + 1 : 0;
    const std::string_view likely = names[*place];
    if (*at_ == '"' && IsNext(likely)) {
      at_ += likely.size() + 3;
      is_before_value_ = true;
      return true;
    }
    is_first_ = true;  // The comma is behind us.
    std::string_view name;
    if (!NextMember(&name)) return false;
    *place =
        static_cast<std::size_t>(std::find(names, names + count, name) - names);
    return true;
  }

  // Returns whether `name` and a colon follow the quote that is next. Of a text
  // that ends before, some padding is looked at.
  bool IsNext(std::string_view name) const {
    return std::memcmp(at_ + 1, name.data(), name.size()) == 0 &&
           at_[name.size() + 1] == '"' && at_[name.size() + 2] == ':';
  }

  bool NextElement() {
    is_before_value_ = Next(']');
    return is_before_value_;
  }

  // Returns whether another member or element follows, and goes there.
  bool Next(char closing) {
    const bool is_first = is_first_;
    is_first_ = false;
    if (Peek() == closing) {
      ++at_;
      return false;
    }
    if (is_first) return ok();
    if (*at_ != ',') return Fail("no comma");
    ++at_;
    if (Peek() == closing) return Fail("nothing behind a comma");
    return true;
  }

  void SkipUnread() {
    if (is_before_value_) Skip();
  }
  void SkipScalarOrEnter();

  // `at_` is at the opening quote. No `text`: it stays as it was written.
  bool ReadText(std::string_view* text) {
    char* const begin = at_ + 1;
    char* const end = PlainEnd(begin);
    if (*end != '"') return ReadUneven(begin, end, text);
    if (text != nullptr) {
      *text = std::string_view(begin, static_cast<std::size_t>(end - begin));
    }
    at_ = end + 1;
    return true;
  }
  bool ReadUneven(char* begin, char* at, std::string_view* text);
  bool ReadEscape(char*& at, char*& to, bool is_kept);
  std::optional<unsigned> ReadHex(const char* at) const;
  bool ReadNumber(bool& is_integer);
  bool ReadDigits();
  bool ReadLiteral();
  bool Fail(const char* error);

  static constexpr std::uint64_t EachByte(std::uint64_t byte) {
    return byte * 0x0101010101010101u;
  }

  // Returns the first byte from `at` on that is no plain character of a string.
  static char* PlainEnd(char* at) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (;; at += sizeof(std::uint64_t)) {
      std::uint64_t bytes;
      std::memcpy(&bytes, at, sizeof(bytes));
      // The highest bit of a byte tells that it isn't plain. A borrow spoils
      // only the bytes behind one that isn't.
      const std::uint64_t found = (((bytes ^ EachByte('"')) - EachByte(1)) |
                                   ((bytes ^ EachByte('\\')) - EachByte(1)) |
                                   (bytes - EachByte(0x20)) | bytes) &
                                  EachByte(0x80);
      if (found != 0) return at + (__builtin_ctzll(found) >> 3);
    }
#else
    while (*at >= 0x20 && static_cast<unsigned char>(*at) < 0x80 &&
           *at != '"' && *at != '\\') {
      ++at;
    }
    return at;
#endif
  }

  std::string text_;
  const std::size_t size_;  // Without the padding behind it.
  char* at_;
  bool is_before_value_ = true;
  bool is_first_ = false;  // Just inside an object or array.
  std::string nesting_;    // What Skip() is within: '{' and '['.
  const char* error_ = nullptr;
  std::size_t error_at_ = 0;
};

}  // namespace naming::net

#endif  // NAMING_NET_JSON_READER_H_
