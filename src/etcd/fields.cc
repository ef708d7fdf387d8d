// SPDX-License-Identifier: Apache-2.0

#include "etcd/fields.h"

#include <cstddef>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::etcd {

using net::JsonValue;

FieldReader::FieldReader(JsonValue object) : object_(object) {
  if (!object.is_object()) status_ = absl::InternalError("not a JSON object");
}

JsonValue FieldReader::Member(std::string_view name) const {
  JsonValue member = object_[name];
  if (!member.exists()) {
    object_.ForEachMember([&](std::string_view other, JsonValue value) {
      if (!member.exists() && base::ToLower(other) == base::ToLower(name)) {
        member = value;
      }
    });
  }
  return member.is_null() ? JsonValue() : member;
}

void FieldReader::Read(std::string_view name, std::string& field) {
  const JsonValue member = Member(name);
  if (!member.exists()) return;
  const auto text = member.AsString();
  if (!text) return Spoil(name, "a string");
  field = std::string(*text);
}

void FieldReader::Read(std::string_view name, std::int64_t& field) {
  const JsonValue member = Member(name);
  if (!member.exists()) return;
  const auto number = member.AsInt64();
  if (!number) return Spoil(name, "an integer");
  field = *number;
}

void FieldReader::Read(std::string_view name, std::vector<std::string>& field) {
  const JsonValue member = Member(name);
  if (!member.exists()) return;
  if (!member.is_array()) return Spoil(name, "an array of strings");
  member.ForEachElement([&](JsonValue element) {
    const auto text = element.AsString();
    if (text) {
      field.emplace_back(*text);
    } else if (element.is_null()) {
      field.emplace_back();
    } else {
      Spoil(name, "an array of strings");
    }
  });
}

void FieldReader::Read(std::string_view name,
                       std::map<std::string, std::string>& field) {
  const JsonValue member = Member(name);
  if (member.exists() && !ReadStringMap(member, field)) {
    Spoil(name, "an object of strings");
  }
}

void FieldReader::Spoil(std::string_view name, std::string_view type) {
  status_.Update(
      absl::InternalError(absl::StrFormat("\"%s\" isn't %s", name, type)));
}

bool ReadStringMap(JsonValue value, std::map<std::string, std::string>& map) {
  if (!value.is_object()) return false;
  bool is_good = true;
  value.ForEachMember([&](std::string_view name, JsonValue member) {
    const auto text = member.AsString();
    is_good = is_good && (text || member.is_null());
    map[std::string(name)] = std::string(text.value_or(""));
  });
  return is_good;
}

std::string RawMember(std::string_view json, std::string_view name) {
  int depth = 0;
  bool is_wanted = false;
  std::size_t string_at = std::string_view::npos;  // Of the string we are in.
  std::size_t value_at = std::string_view::npos;   // Of the wanted value.
  std::string_view last_string;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (string_at != std::string_view::npos) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        last_string = json.substr(string_at, i - string_at);
        string_at = std::string_view::npos;
      }
      continue;
    }
    const bool is_end = depth == 1 && (c == ',' || c == '}');
    if (is_end && is_wanted) {
      return std::string(base::Trim(json.substr(value_at, i - value_at)));
    }
    if (c == '"') string_at = i + 1;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c == ':' && depth == 1 &&
        base::ToLower(last_string) == base::ToLower(name)) {
      is_wanted = true;
      value_at = i + 1;
    }
  }
  return "null";
}

}  // namespace naming::etcd
