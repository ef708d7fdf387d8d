// SPDX-License-Identifier: Apache-2.0

#include "net/json.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/text.h"

// A namespace of its own: a program that also uses RapidJSON, with other
// settings or of another version, must not share symbols with this one.
#define RAPIDJSON_NAMESPACE naming_rapidjson
// Types are checked before each access. Were one forgotten, data from the
// network still must not abort the program.
#define RAPIDJSON_ASSERT(condition) static_cast<void>(0)
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"
#include "rapidjson/reader.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace naming::net {
namespace {

namespace rapidjson = naming_rapidjson;

// The reader lets the escape of a single low surrogate through, which no UTF-8
// can hold. Go and browsers read U+FFFD there.
struct StrictUtf8 : rapidjson::UTF8<> {
  template <typename OutputStream>
  static void Encode(OutputStream& os, unsigned codepoint) {
    const bool is_surrogate = codepoint >= 0xD800 && codepoint <= 0xDFFF;
    rapidjson::UTF8<>::Encode(os, is_surrogate ? 0xFFFD : codepoint);
  }
};

using Value = rapidjson::GenericValue<StrictUtf8>;
using Document = rapidjson::GenericDocument<StrictUtf8>;
using Stream = rapidjson::GenericInsituStringStream<StrictUtf8>;
using Reader = rapidjson::GenericReader<StrictUtf8, StrictUtf8>;
using Writer =
    rapidjson::Writer<rapidjson::StringBuffer, StrictUtf8, StrictUtf8>;

// Numbers come as text and are read here, because RapidJSON's own conversion of
// "0.0000000000e-2147483639" reads far outside its table of powers.
constexpr unsigned kParseFlags =
    rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
    rapidjson::kParseStopWhenDoneFlag | rapidjson::kParseValidateEncodingFlag |
    rapidjson::kParseNumbersAsStringsFlag;

// The UTF-8 check looks at up to this many bytes after the byte that begins a
// character, without a look at the end of the text.
constexpr std::size_t kPadding = 3;

// Feeds a Document with what a Reader finds.
class Builder final {
 public:
  explicit Builder(Document& document) : document_(document) {}

  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    const auto value = base::ParseInt64(std::string_view(text, length));
    // Nobody asks for another number's value.
    return value ? document_.Int64(*value) : document_.Double(0);
  }

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool String(const char* text, rapidjson::SizeType length, bool copy) {
    return document_.String(text, length, copy);
  }
  bool Key(const char* text, rapidjson::SizeType length, bool copy) {
    return document_.Key(text, length, copy);
  }
  bool StartObject() { return document_.StartObject(); }
  bool EndObject(rapidjson::SizeType size) { return document_.EndObject(size); }
  bool StartArray() { return document_.StartArray(); }
  bool EndArray(rapidjson::SizeType size) { return document_.EndArray(size); }

  // Named by the Reader, but never called: numbers come as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  Document& document_;
};

const Value& ValueOf(const void* value) {
  return *static_cast<const Value*>(value);
}

// `value` is a string.
std::string_view Text(const Value& value) {
  return std::string_view(value.GetString(), value.GetStringLength());
}

// An empty view may have no pointer, which RapidJSON doesn't stand.
const char* Pointer(std::string_view text) {
  return text.empty() ? "" : text.data();
}

}  // namespace

bool JsonValue::is_null() const { return exists() && ValueOf(value_).IsNull(); }

bool JsonValue::is_object() const {
  return exists() && ValueOf(value_).IsObject();
}

bool JsonValue::is_array() const {
  return exists() && ValueOf(value_).IsArray();
}

JsonValue JsonValue::operator[](std::string_view name) const {
  if (!is_object()) return {};
  const Value& object = ValueOf(value_);
  for (auto it = object.MemberBegin(); it != object.MemberEnd(); ++it) {
    if (Text(it->name) == name) return JsonValue(&it->value);
  }
  return {};
}

std::optional<std::int64_t> JsonValue::AsInt64() const {
  if (!exists() || !ValueOf(value_).IsInt64()) return std::nullopt;
  return ValueOf(value_).GetInt64();
}

std::optional<std::string_view> JsonValue::AsString() const {
  if (!exists() || !ValueOf(value_).IsString()) return std::nullopt;
  return Text(ValueOf(value_));
}

std::optional<bool> JsonValue::AsBool() const {
  if (!exists() || !ValueOf(value_).IsBool()) return std::nullopt;
  return ValueOf(value_).GetBool();
}

void JsonValue::ForEachElement(
    const std::function<void(JsonValue)>& visit) const {
  if (!is_array()) return;
  const Value& array = ValueOf(value_);
  for (auto it = array.Begin(); it != array.End(); ++it) visit(JsonValue(it));
}

void JsonValue::ForEachMember(
    const std::function<void(std::string_view, JsonValue)>& visit) const {
  if (!is_object()) return;
  const Value& object = ValueOf(value_);
  for (auto it = object.MemberBegin(); it != object.MemberEnd(); ++it) {
    visit(Text(it->name), JsonValue(&it->value));
  }
}

struct JsonDocument::Rep {
  std::string text;  // Strings of `document` lie here.
  Document document;
};

absl::StatusOr<JsonDocument> JsonDocument::Parse(std::string text) {
  std::size_t end = 0;
  return Parse(std::move(text), end);
}

absl::StatusOr<JsonDocument> JsonDocument::ParseWhole(std::string text) {
  const std::size_t size = text.size();
  // Only white space is left of it after the last byte that isn't.
  const std::size_t last = text.find_last_not_of(" \t\n\r");
  std::size_t end = 0;
  absl::StatusOr<JsonDocument> document = Parse(std::move(text), end);
  if (document.ok() && end != last + 1) {
    return absl::InternalError(absl::StrFormat(
        "%d bytes after the JSON value at byte %d", size - end, end));
  }
  return document;
}

// Sets `end` to the number of bytes up to the end of the value.
absl::StatusOr<JsonDocument> JsonDocument::Parse(std::string text,
                                                 std::size_t& end) {
  auto rep = std::make_unique<Rep>();
  rep->text = std::move(text);
  rep->text.append(kPadding, '\0');
  Stream stream(rep->text.data());
  Reader reader;
  auto read = [&stream, &reader](Document& document) {
    Builder builder(document);
    return !reader.Parse<kParseFlags>(stream, builder).IsError();
  };
  rep->document.Populate(read);
  if (reader.HasParseError()) {
    return absl::InternalError(absl::StrFormat(
        "no JSON at byte %d: %s", reader.GetErrorOffset(),
        rapidjson::GetParseError_En(reader.GetParseErrorCode())));
  }
  end = stream.Tell();
  return JsonDocument(std::move(rep));
}

JsonDocument::JsonDocument(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonValue JsonDocument::root() const {
  return JsonValue(static_cast<const Value*>(&rep_->document));
}

struct JsonWriter::Rep {
  rapidjson::StringBuffer buffer;
  Writer writer{buffer};
};

JsonWriter::JsonWriter() : rep_(std::make_unique<Rep>()) {}
JsonWriter::~JsonWriter() = default;

void JsonWriter::BeginObject() { rep_->writer.StartObject(); }
void JsonWriter::EndObject() { rep_->writer.EndObject(); }
void JsonWriter::BeginArray() { rep_->writer.StartArray(); }
void JsonWriter::EndArray() { rep_->writer.EndArray(); }

void JsonWriter::Key(std::string_view name) {
  rep_->writer.Key(Pointer(name),
                   static_cast<rapidjson::SizeType>(name.size()));
}

void JsonWriter::String(std::string_view value) {
  rep_->writer.String(Pointer(value),
                      static_cast<rapidjson::SizeType>(value.size()));
}

void JsonWriter::Int64(std::int64_t value) { rep_->writer.Int64(value); }

void JsonWriter::Bool(bool value) { rep_->writer.Bool(value); }

void JsonWriter::StringMap(const std::map<std::string, std::string>& map) {
  BeginObject();
  for (const auto& [key, value] : map) {
    Key(key);
    String(value);
  }
  EndObject();
}

std::string JsonWriter::text() const {
  return std::string(rep_->buffer.GetString(), rep_->buffer.GetSize());
}

std::map<std::string, std::string> DecodeStringMap(const JsonValue& object,
                                                   bool& has_other) {
  std::map<std::string, std::string> strings;
  object.ForEachMember([&](std::string_view key, JsonValue value) {
    const auto text = value.AsString();
    strings[std::string(key)] = text.value_or("");
    if (!text && !value.is_null()) has_other = true;
  });
  return strings;
}

std::string EncodeStringMap(const std::map<std::string, std::string>& map) {
  JsonWriter writer;
  writer.StringMap(map);
  return writer.text();
}

}  // namespace naming::net
