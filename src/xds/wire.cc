// SPDX-License-Identifier: Apache-2.0

#include "xds/wire.h"

namespace naming::xds {
namespace {

constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kText = 2;
constexpr int kFixed32 = 5;

constexpr int kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxFieldNumber = (std::uint64_t{1} << 29) - 1;

std::uint64_t TagOf(int field, int type) {
  return (static_cast<std::uint64_t>(field) << 3) |
         static_cast<std::uint64_t>(type);
}

}  // namespace

void Message::Varint(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    value >>= 7;
  }
  bytes_ += static_cast<char>(value);
}

Message& Message::Number(int field, std::uint64_t value) {
  Varint(TagOf(field, kVarint));
  Varint(value);
  return *this;
}

Message& Message::Text(int field, std::string_view value) {
  Varint(TagOf(field, kText));
  Varint(value.size());
  bytes_ += value;
  return *this;
}

Message& Message::Nested(int field, const Message& message) {
  return Text(field, message.bytes());
}

std::nullopt_t MessageReader::Fail() {
  is_ok_ = false;
  rest_ = {};
  return std::nullopt;
}

std::optional<std::uint64_t> MessageReader::Varint() {
  std::uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    if (rest_.empty()) return Fail();
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  return Fail();
}

std::optional<std::string_view> MessageReader::Take(std::uint64_t size) {
  if (size > rest_.size()) return Fail();
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::optional<Field> MessageReader::Next() {
  while (!rest_.empty()) {
    const auto tag = Varint();
    if (!tag) return std::nullopt;
    const std::uint64_t number = *tag >> 3;
    if (number == 0 || number > kMaxFieldNumber) return Fail();
    Field field;
    field.number = static_cast<int>(number);
    switch (*tag & 7) {
      case kVarint: {
        const auto value = Varint();
        if (!value) return std::nullopt;
        field.value = *value;
        return field;
      }
      case kText: {
        const auto size = Varint();
        if (!size) return std::nullopt;
        const auto text = Take(*size);
        if (!text) return std::nullopt;
        field.text = *text;
        field.is_text = true;
        return field;
      }
      case kFixed64:
        if (!Take(8)) return std::nullopt;
        break;
      case kFixed32:
        if (!Take(4)) return std::nullopt;
        break;
      default:
        return Fail();
    }
  }
  return std::nullopt;
}

}  // namespace naming::xds
