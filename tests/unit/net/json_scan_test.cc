// SPDX-License-Identifier: Apache-2.0

#include "net/json_scan.h"

#include <cstddef>
#include <string>

#include "net/json_name.h"
#include "tests/support/catch.h"

namespace naming::net {
namespace {

// Blocks are read behind the byte that ends a scan.
const std::string kPadding(JsonBlock::kSize, '\0');

bool IsPlain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

TEST_CASE("Plain characters and digits end at any byte, at any place",
          "[json_scan]") {
  // What stands behind the end must not matter, nor what is carried from it.
  const std::string behind = GENERATE("", "\xFF", "pppppppp", "00000000", "\"");
  for (std::size_t length = 0; length <= 2 * JsonBlock::kSize; ++length) {
    for (int c = 0; c < 256; ++c) {
      CAPTURE(length, c);
      const auto byte = static_cast<unsigned char>(c);
      const std::string end = static_cast<char>(byte) + behind + kPadding;
      if (!IsPlain(byte)) {
        std::string text = std::string(length, '!') + end;
        REQUIRE(PlainEnd(text.data()) == text.data() + length);
        text = std::string(length, '\x7F') + end;
        REQUIRE(PlainEnd(text.data()) == text.data() + length);
      }
      if (byte < '0' || byte > '9') {
        std::string text = std::string(length, '9') + end;
        REQUIRE(DigitsEnd(text.data()) == text.data() + length);
        text = std::string(length, '0') + end;
        REQUIRE(DigitsEnd(text.data()) == text.data() + length);
      }
    }
  }
}

TEST_CASE("All plain characters and digits are passed over", "[json_scan]") {
  std::string plain;
  for (int c = 0; c < 256; ++c) {
    if (IsPlain(static_cast<unsigned char>(c))) plain += static_cast<char>(c);
  }
  const std::size_t size = plain.size();
  plain += kPadding;
  CHECK(PlainEnd(plain.data()) == plain.data() + size);
  std::string digits = "0123456789" + kPadding;
  CHECK(DigitsEnd(digits.data()) == digits.data() + 10);
}

TEST_CASE("A name is recognised as a whole", "[json_scan]") {
  const std::string name(GENERATE(0, 1, 4, 5, 6, 12, 13, 14, 20, 21), 'n');
  const JsonName known(name);
  std::string text = '"' + name + "\":1" + std::string(JsonName::kSize, 'x');
  CHECK(known.name() == name);
  CHECK(known.written_size() == name.size() + 3);
  CHECK(known.IsAt(text.data()));
  for (std::size_t i = 0; i < known.written_size(); ++i) {
    CAPTURE(i);
    const char right = text[i];
    text[i] = '\0';
    CHECK_FALSE(known.IsAt(text.data()));
    text[i] = right;
  }
}

}  // namespace
}  // namespace naming::net
