// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_JSON_H_
#define NAMING_NET_JSON_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace naming::net {

// A value inside a JsonDocument, which must outlive it. Every read checks the
// type; a missing member and a wrong type look alike: nothing.
//
// Thread-compatible. A cheap copy.
class JsonValue final {
 public:
  // Nothing.
  JsonValue() = default;

  bool exists() const { return value_ != nullptr; }
  bool is_null() const;
  bool is_object() const;
  bool is_array() const;

  // Returns the member `name` of an object, the first one of that name.
  JsonValue operator[](std::string_view name) const;

  // Numbers with a fraction or an exponent, or out of range, are no int64.
  std::optional<std::int64_t> AsInt64() const;
  std::optional<std::string_view> AsString() const;
  std::optional<bool> AsBool() const;

  // Calls `visit` with each element of an array, in order.
  void ForEachElement(const std::function<void(JsonValue)>& visit) const;

  // Calls `visit` with each member of an object, in order.
  void ForEachMember(
      const std::function<void(std::string_view, JsonValue)>& visit) const;

 private:
  friend class JsonDocument;
  explicit JsonValue(const void* value) : value_(value) {}

  const void* value_ = nullptr;  // A rapidjson::Value.
};

// One parsed JSON text. Owns it. Movable.
class JsonDocument final {
 public:
  // Parses the first JSON value of `text`; what follows it is ignored, because
  // old discovery nodes write two. Depth is bounded by memory alone: nothing
  // recurses.
  //
  // Errors: kInternal, `text` doesn't begin with a JSON value; says where.
  static absl::StatusOr<JsonDocument> Parse(std::string text);

  // Parses `text`, which holds one JSON value and, white space apart, nothing
  // else.
  //
  // Errors: kInternal, it doesn't; says where.
  static absl::StatusOr<JsonDocument> ParseWhole(std::string text);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonValue root() const;

 private:
  struct Rep;
  explicit JsonDocument(std::unique_ptr<Rep> rep);
  static absl::StatusOr<JsonDocument> Parse(std::string text, std::size_t& end);

  std::unique_ptr<Rep> rep_;
};

// Builds one JSON text. Calls must nest properly: Key() before each value of an
// object, and each Begin…() closed by its End…().
//
// Thread-compatible.
class JsonWriter final {
 public:
  JsonWriter();
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  void Key(std::string_view name);
  void String(std::string_view value);  // Valid UTF-8.
  void Int64(std::int64_t value);
  void Bool(bool value);
  void StringMap(const std::map<std::string, std::string>& map);

  // Returns the text so far.
  std::string text() const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// Returns the members of an object, the last of each name; a value that isn't a
// string is "". `has_other` is set when there is one, null apart.
std::map<std::string, std::string> DecodeStringMap(const JsonValue& object,
                                                   bool& has_other);

// Returns `map` as a JSON object of strings.
std::string EncodeStringMap(const std::map<std::string, std::string>& map);

}  // namespace naming::net

#endif  // NAMING_NET_JSON_H_
