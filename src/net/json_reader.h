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
#include "net/json_name.h"
#include "net/json_scan.h"

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
    const std::string_view text = ReadText();
    if (text.data() == nullptr) return std::nullopt;
    return text;
  }

  // The same for answers full of strings: nothing is a text at no address,
  // which unlike an optional needs no memory to be returned.
  std::string_view ReadText() {
    if (!is_before_value_) return {};
    if (Peek() != '"') {
      Skip();
      return {};
    }
    is_before_value_ = false;
    return ReadQuoted(true);
  }

  // Skips a value and returns its text as it came.
  std::string_view Skip() {
    const char* const begin = at_;
    if (!SkipWholeNumber()) return SkipAny();
    return std::string_view(begin, static_cast<std::size_t>(at_ - begin));
  }

  // Calls `visit` with each member's name, before its value, in order. Returns
  // whether it was an object.
  template <typename Visit>
  bool ForEachMember(Visit visit) {
    if (!Enter('{')) return false;
    for (;;) {
      const std::string_view name = NextName(true);
      if (name.data() == nullptr) return ok();
      visit(name);
      SkipUnread();
    }
  }

  // The same, but `visit` gets the place of each name among `names`; their
  // number for another one. Quick when members come in the order of `names`.
  template <std::size_t kCount, typename Visit>
  bool ForEachMember(const std::array<JsonName, kCount>& names, Visit visit) {
    if (!Enter('{')) return false;
    std::size_t place = kCount;
    while (NextPlace(names.data(), kCount, &place)) {
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

  // Goes to the next member's value and returns its name; at no address: there
  // is none. See ReadQuoted() for `is_kept`.
  std::string_view NextName(bool is_kept) {
    if (!Next('}')) return {};
    return ReadName(is_kept);
  }

  std::string_view ReadName(bool is_kept) {
    if (*at_ != '"') return FailText("no name of a member");
    const std::string_view name = ReadQuoted(is_kept);
    if (name.data() == nullptr) return {};
    if (Peek() != ':') return FailText("no colon behind a name");
    ++at_;
    is_before_value_ = true;
    return name;
  }

  // The same for the place of a name, of which the likely one is that behind
  // `*place`. Returns whether there is one.
  bool NextPlace(const JsonName* names, std::size_t count, std::size_t* place) {
    if (!Next('}')) return false;
    *place = *place + 1 < count ? *place + 1 : 0;
    const JsonName& likely = names[*place];
    if (likely.IsAt(at_)) {
      at_ += likely.written_size();
      is_before_value_ = true;
      return true;
    }
    const std::string_view name = ReadName(true);
    if (name.data() == nullptr) return false;
    *place =
        static_cast<std::size_t>(std::find_if(names, names + count,
                                              [name](const JsonName& known) {
                                                return known.name() == name;
                                              }) -
                                 names);
    return true;
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
  std::string_view SkipAny();
  void SkipScalarOrEnter();

  // Skips what most numbers are, digits alone, if the value begins right here.
  bool SkipWholeNumber() {
    if (!is_before_value_ || *at_ < '1' || *at_ > '9') return false;
    char* const end = DigitsEnd(at_);
    if (*end == '.' || *end == 'e' || *end == 'E') return false;
    at_ = end;
    is_before_value_ = false;
    return true;
  }

  // `at_` is at the opening quote. Returns a text at no address when it fails.
  // What isn't kept stays as it was written, and where it ends means nothing.
  std::string_view ReadQuoted(bool is_kept) {
    char* const begin = at_ + 1;
    char* const end = PlainEnd(begin);
    if (*end != '"') return ReadUneven(begin, end, is_kept);
    at_ = end + 1;
    return std::string_view(begin, static_cast<std::size_t>(end - begin));
  }
  std::string_view ReadUneven(char* begin, char* at, bool is_kept);
  bool ReadEscape(char*& at, char*& to, bool is_kept);
  std::optional<unsigned> ReadHex(const char* at) const;
  bool ReadNumber(bool& is_integer);
  bool ReadDigits();
  bool ReadLiteral();
  bool Fail(const char* error);
  std::string_view FailText(const char* error) {
    Fail(error);
    return {};
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
