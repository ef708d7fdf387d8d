// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_WIRE_H_
#define NAMING_XDS_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Protocol buffers as bytes, as far as xDS needs them: see "Encoding" in the
// documentation of Protocol Buffers. Pure functions.
namespace naming::xds {

// Writes the fields of one message.
//
// Thread-compatible.
class Message final {
 public:
  // Fields that hold their type's default are written all the same, where xDS
  // tells them from none.
  Message& Number(int field, std::uint64_t value);
  Message& Text(int field, std::string_view value);  // Bytes as well.
  Message& Nested(int field, const Message& message);

  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(std::uint64_t value);

  std::string bytes_;
};

// One field as it was read.
struct Field {
  int number = 0;
  std::uint64_t value = 0;  // Of a varint.
  std::string_view text;    // Of what has a length; lies in the message.
  bool is_text = false;
};

// Reads the fields of one message, in order. Groups and what isn't a message
// are errors.
//
// Thread-compatible. `bytes` outlive it.
class MessageReader final {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}

  // Returns the next varint or text; fixed-width fields are skipped. nullopt:
  // there is none, or the bytes are no message.
  std::optional<Field> Next();

  // Whether all that was read was a message.
  bool ok() const { return is_ok_; }

 private:
  std::optional<std::uint64_t> Varint();
  std::optional<std::string_view> Take(std::uint64_t size);
  std::nullopt_t Fail();

  std::string_view rest_;
  bool is_ok_ = true;
};

}  // namespace naming::xds

#endif  // NAMING_XDS_WIRE_H_
