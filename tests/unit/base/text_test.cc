// SPDX-License-Identifier: Apache-2.0

#include "base/text.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"

namespace naming::base {
namespace {

using std::string_view_literals::operator""sv;

TEST_CASE("Split keeps empty parts", "[text]") {
  using Parts = std::vector<std::string_view>;
  CHECK(Split("", ',') == Parts{""});
  CHECK(Split("a", ',') == Parts{"a"});
  CHECK(Split("a,b", ',') == Parts{"a", "b"});
  CHECK(Split(",a,,b,", ',') == Parts{"", "a", "", "b", ""});
}

TEST_CASE("Trim takes white space from both ends only", "[text]") {
  CHECK(Trim("") == "");
  CHECK(Trim(" \t\r\n\v\f") == "");
  CHECK(Trim(" \ta b\r\n") == "a b");
  CHECK(Trim("a\0 "sv) == "a\0"sv);
}

TEST_CASE("ToLower changes ASCII letters only", "[text]") {
  CHECK(ToLower("AZaz09@[") == "azaz09@[");
  CHECK(ToLower("\xC3\x84") == "\xC3\x84");  // Ä, in any locale.
}

TEST_CASE("ParseInt64 reads whole decimal numbers", "[text]") {
  CHECK(ParseInt64("0") == 0);
  CHECK(ParseInt64("-1") == -1);
  CHECK(ParseInt64("007") == 7);
  CHECK(ParseInt64("9223372036854775807") ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(ParseInt64("-9223372036854775808") ==
        std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("ParseInt64 reads nothing else", "[text]") {
  const std::string_view text = GENERATE(
      as<std::string_view>{}, "", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10",
      "--1", "a", "9223372036854775808", "-9223372036854775809", "1\0"sv);
  CAPTURE(text);
  CHECK_FALSE(ParseInt64(text));
}

TEST_CASE("IsValidUtf8 accepts each length of sequence at its bounds",
          "[text]") {
  CHECK(IsValidUtf8(""));
  CHECK(IsValidUtf8("\0\x7F"sv));
  CHECK(IsValidUtf8("\xC2\x80 \xDF\xBF"));                  // U+0080, U+07FF
  CHECK(IsValidUtf8("\xE0\xA0\x80 \xEF\xBF\xBF"));          // U+0800, U+FFFF
  CHECK(IsValidUtf8("\xED\x9F\xBF \xEE\x80\x80"));          // U+D7FF, U+E000
  CHECK(IsValidUtf8("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"));  // U+10000, U+10FFFF
}

TEST_CASE("IsValidUtf8 rejects what isn't UTF-8", "[text]") {
  const std::string_view text =
      GENERATE(as<std::string_view>{}, "\x80",  // A continuation on its own.
               "\xC2", "\xE1\x80",              // Cut short.
               "\xF1\x80\x80", "\xC2\x41", "\xE1\x80\x41", "\xF1\x80\x80\x41",
               "\xC0\x80", "\xC1\xBF",  // Overlong.
               "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
               "\xED\xBF\xBF",                          // Surrogates.
               "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",  // Above U+10FFFF.
               "\xFE", "\xFF");
  CHECK_FALSE(IsValidUtf8(text));
  CHECK_FALSE(IsValidUtf8("ab" + std::string(text) + "cd"));
}

TEST_CASE("Excerpt is on one line and shows a cut", "[text]") {
  CHECK(Excerpt("", 10) == "");
  CHECK(Excerpt("a\r\nb\0c\x7F"sv, 10) == "a  b c ");
  CHECK(Excerpt("0123456789", 10) == "0123456789");
  CHECK(Excerpt("0123456789A", 10) == "0123456...");
}

TEST_CASE("Excerpt is never longer than asked", "[text]") {
  CHECK(Excerpt("abcdef", 0) == "");
  CHECK(Excerpt("abcdef", 2) == "..");
  CHECK(Excerpt("abcdef", 3) == "...");
  CHECK(Excerpt("abcdef", 4) == "a...");
}

TEST_CASE("Excerpt doesn't cut a character in two", "[text]") {
  const std::string text = "\xF0\x9F\x98\x80\xF0\x9F\x98\x80";  // Two of 4.
  CHECK(Excerpt(text, 8) == text);
  CHECK(Excerpt(text, 7) == "\xF0\x9F\x98\x80...");
  CHECK(Excerpt(text, 6) == "...");
}

TEST_CASE("Excerpt is UTF-8 whatever the text is", "[text]") {
  CHECK(Excerpt("a\xFF"
                "b\xC3",
                10) == "a?b?");
  CHECK(Excerpt("\xED\xA0\x80", 10) == "???");
  CHECK(Excerpt(std::string(100, '\x80'), 10) == "???????...");
  CHECK(Excerpt("\xC3\xA4\xFF\xC3\xA4", 10) == "\xC3\xA4?\xC3\xA4");
}

TEST_CASE("CharacterLength is that of a valid character, or 0", "[text]") {
  CHECK(CharacterLength("") == 0);
  CHECK(CharacterLength("ab") == 1);
  CHECK(CharacterLength("\xC3\xA4x") == 2);
  CHECK(CharacterLength("\xE2\x80\xA8") == 3);
  CHECK(CharacterLength("\xF0\x9F\x98\x80") == 4);
  CHECK(CharacterLength("\xC3") == 0);
  CHECK(CharacterLength("\x80") == 0);
  CHECK(CharacterLength("\xED\xA0\x80") == 0);
}

}  // namespace
}  // namespace naming::base
