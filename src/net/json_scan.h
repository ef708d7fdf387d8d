// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_JSON_SCAN_H_
#define NAMING_NET_JSON_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace naming::net {

// Eight bytes of a JSON text, looked at at once. Most strings are short: to
// look at sixteen, by SSE2, took longer.
//
// Thread-compatible. A value.
class JsonBlock final {
 public:
  static constexpr std::size_t kSize = sizeof(std::uint64_t);

  // Reads kSize bytes from `at` on.
  explicit JsonBlock(const char* at) {
    std::memcpy(&bytes_, at, kSize);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes_ = __builtin_bswap64(bytes_);
#endif
  }

  // Marks bytes that are no plain characters of a string: ASCII, but no quote,
  // backslash or control character. Right up to the first mark: a borrow spoils
  // the bytes behind it.
  std::uint64_t Uneven() const {
    return (((bytes_ ^ EachByte('"')) - EachByte(1)) |
            ((bytes_ ^ EachByte('\\')) - EachByte(1)) |
            (bytes_ - EachByte(0x20)) | bytes_) &
           EachByte(0x80);
  }

  // Marks bytes that are no digits, whose upper four bits are those of '0',
  // also when 6 is added. Right up to the first mark: so is a carry.
  std::uint64_t NoDigits() const {
    const std::uint64_t values = bytes_ ^ EachByte('0');
    return (values | (values + EachByte(6))) & EachByte(0xF0);
  }

  // Returns how many bytes stand before the first mark, of which there is one.
  static std::size_t BytesBefore(std::uint64_t marks) {
    return static_cast<std::size_t>(__builtin_ctzll(marks)) >> 3;
  }

 private:
  static constexpr std::uint64_t EachByte(std::uint64_t byte) {
    return byte * 0x0101010101010101u;
  }

  std::uint64_t bytes_;
};

// Returns the first byte from `at` on that is no plain character of a string.
// Less than JsonBlock::kSize bytes behind it are read.
inline char* PlainEnd(char* at) {
  for (;; at += JsonBlock::kSize) {
    const std::uint64_t marks = JsonBlock(at).Uneven();
    if (marks != 0) return at + JsonBlock::BytesBefore(marks);
  }
}

// The same for the first that is no digit.
inline char* DigitsEnd(char* at) {
  for (;; at += JsonBlock::kSize) {
    const std::uint64_t marks = JsonBlock(at).NoDigits();
    if (marks != 0) return at + JsonBlock::BytesBefore(marks);
  }
}

}  // namespace naming::net

#endif  // NAMING_NET_JSON_SCAN_H_
