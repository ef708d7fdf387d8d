// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_GO_JSON_H_
#define NAMING_NET_GO_JSON_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace naming::net {

// Writes JSON byte for byte as Go's encoding/json does, which JsonWriter
// doesn't: '<', '>', '&', U+2028 and U+2029 are escaped, and so is each byte
// that isn't UTF-8, as U+FFFD.
//
// Calls must nest properly: Key() before each value of an object, and each
// Begin…() closed by its End…().
//
// Thread-compatible.
class GoJsonWriter final {
 public:
  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view name);
  void String(std::string_view value);
  void Int64(std::int64_t value);
  void Null();
  void Raw(std::string_view json);  // One whole value.

  // Takes the text out of the writer, which is then as new.
  std::string Take();

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Separate();
  void Quoted(std::string_view text);

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace naming::net

#endif  // NAMING_NET_GO_JSON_H_
