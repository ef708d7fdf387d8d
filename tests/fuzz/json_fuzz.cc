// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/text.h"
#include "net/json.h"
#include "net/json_reader.h"
#include "tests/fuzz/property.h"

namespace naming::net {
namespace {

using testing::Require;

// Beyond it values aren't compared: recursion is the test's, not the library's.
constexpr int kMaxDepth = 100;

// Writes `value` as far as JsonWriter can: other scalars become 0.
void Write(JsonValue value, int depth, JsonWriter& writer) {
  if (const auto text = value.AsString()) {
    Require(base::IsValidUtf8(*text), "a string is UTF-8");
    writer.String(*text);
  } else if (value.is_array() && depth < kMaxDepth) {
    writer.BeginArray();
    value.ForEachElement(
        [&](JsonValue element) { Write(element, depth + 1, writer); });
    writer.EndArray();
  } else if (value.is_object() && depth < kMaxDepth) {
    writer.BeginObject();
    value.ForEachMember([&](std::string_view name, JsonValue member) {
      Require(base::IsValidUtf8(name), "a name is UTF-8");
      Require(value[name].exists(), "a member is found by its name");
      writer.Key(name);
      Write(member, depth + 1, writer);
    });
    writer.EndObject();
  } else {
    writer.Int64(value.AsInt64().value_or(0));
  }
}

// The same of what `reader` stands before.
void Write(JsonReader& reader, int depth, JsonWriter& writer) {
  if (reader.IsArray() && depth < kMaxDepth) {
    writer.BeginArray();
    reader.ForEachElement([&] { Write(reader, depth + 1, writer); });
    writer.EndArray();
  } else if (reader.IsObject() && depth < kMaxDepth) {
    writer.BeginObject();
    reader.ForEachMember([&](std::string_view name) {
      writer.Key(name);
      Write(reader, depth + 1, writer);
    });
    writer.EndObject();
  } else {
    const std::string_view text = reader.Skip();
    JsonReader as_string{std::string(text)};
    JsonReader as_number{std::string(text)};
    if (const auto string = as_string.ReadString()) {
      Require(base::IsValidUtf8(*string), "a string is UTF-8");
      writer.String(*string);
    } else {
      writer.Int64(as_number.ReadInt64().value_or(0));
    }
  }
}

// RapidJSON, a parser of many years, is what the reader is measured by.
void CompareReader(const std::string& text,
                   const absl::StatusOr<JsonDocument>& document,
                   const std::string& written) {
  JsonReader reader(text);
  JsonWriter writer;
  Write(reader, 0, writer);
  if (reader.status().message().find("nested too deep") !=
      absl::string_view::npos) {
    return;
  }
  if (!document.ok()) {
    // It has no use for numbers that no double holds; to the reader they are
    // no int64.
    Require(!reader.ok() || document.status().message().find("too big") !=
                                absl::string_view::npos,
            "the reader takes nothing but JSON");
    return;
  }
  Require(reader.ok(), "the reader takes all JSON");
  Require(writer.text() == written, "the reader reads what the parser reads");
}

std::string Written(const JsonDocument& document) {
  JsonWriter writer;
  Write(document.root(), 0, writer);
  return writer.text();
}

}  // namespace
}  // namespace naming::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using naming::net::JsonDocument;
  using naming::testing::Require;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<JsonDocument> document = JsonDocument::Parse(text);
  if (!document.ok()) {
    Require(document.status().code() == absl::StatusCode::kInternal,
            "what isn't JSON is kInternal");
    naming::net::CompareReader(text, document, "");
    return 0;
  }
  const std::string written = naming::net::Written(*document);
  naming::net::CompareReader(text, document, written);
  const absl::StatusOr<JsonDocument> again = JsonDocument::Parse(written);
  Require(again.ok(), "what was written can be parsed");
  Require(naming::net::Written(*again) == written,
          "writing and parsing again changes nothing");
  return 0;
}
