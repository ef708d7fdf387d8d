// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_JSON_NAME_H_
#define NAMING_NET_JSON_NAME_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace naming::net {

// A member's name as it is written without white space: "name":. It is compared
// in words, which takes no call and no branch on its length.
//
// Thread-compatible.
class JsonName final {
 public:
  // Of the text this many bytes are looked at.
  static constexpr std::size_t kSize = 24;

  // `name` has no more than kSize - 3 bytes, all of them plain.
  constexpr explicit JsonName(std::string_view name)
      : name_(name), written_size_(name.size() + 3) {
    written_[0] = '"';
    for (std::size_t i = 0; i < name.size(); ++i) written_[i + 1] = name[i];
    written_[name.size() + 1] = '"';
    written_[name.size() + 2] = ':';
    for (std::size_t i = 0; i < written_size_; ++i) mask_[i] = '\xFF';
  }

  std::string_view name() const { return name_; }
  std::size_t written_size() const { return written_size_; }

  bool IsAt(const char* at) const {
    std::uint64_t differences = 0;
    for (std::size_t i = 0; i < kSize; i += sizeof(std::uint64_t)) {
      differences |= (Word(at + i) ^ Word(&written_[i])) & Word(&mask_[i]);
    }
    return differences == 0;
  }

 private:
  static std::uint64_t Word(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
  }

  std::string_view name_;
  std::size_t written_size_;
  char written_[kSize] = {};
  char mask_[kSize] = {};
};

}  // namespace naming::net

#endif  // NAMING_NET_JSON_NAME_H_
