// SPDX-License-Identifier: Apache-2.0

#include "net/json.h"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/text.h"
#include "tests/support/catch.h"

namespace naming::net {
namespace {

using std::string_view_literals::operator""sv;

// `text` is JSON.
JsonDocument Parsed(std::string_view text) {
  absl::StatusOr<JsonDocument> document =
      JsonDocument::Parse(std::string(text));
  INFO(text.substr(0, 200));
  INFO(document.status());
  REQUIRE(document.ok());
  return *std::move(document);
}

TEST_CASE("Members, elements and strings are read in order", "[json]") {
  const JsonDocument document =
      Parsed(R"({"b": ["x", 1, null], "a": {"k": "v"}, "n": null, "t": true})");
  const JsonValue root = document.root();
  CHECK(root.is_object());
  CHECK_FALSE(root.is_array());
  CHECK(root["b"].is_array());
  CHECK(root["a"]["k"].AsString() == "v");
  CHECK(root["n"].is_null());
  CHECK(root["n"].exists());
  std::string names;
  root.ForEachMember([&](std::string_view name, JsonValue) { names += name; });
  CHECK(names == "bant");
  std::vector<JsonValue> elements;
  root["b"].ForEachElement([&](JsonValue v) { elements.push_back(v); });
  REQUIRE(elements.size() == 3);
  CHECK(elements[0].AsString() == "x");
  CHECK(elements[1].AsInt64() == 1);
  CHECK(elements[2].is_null());
}

TEST_CASE("A wrong type and a missing member are nothing", "[json]") {
  const JsonDocument document =
      Parsed(R"({"s":"x","i":1,"t":true,"f":false,"z":null,"a":[1],"o":{}})");
  const JsonValue root = document.root();
  int visits = 0;
  const auto check_nothing = [&](JsonValue value) {
    CHECK_FALSE(value["x"].exists());
    value.ForEachElement([&](JsonValue) { ++visits; });
    value.ForEachMember([&](std::string_view, JsonValue) { ++visits; });
  };
  for (const std::string_view name : {"s", "i", "t", "f", "z", "missing"}) {
    CAPTURE(name);
    check_nothing(root[name]);
    CHECK_FALSE(root[name].is_object());
    CHECK_FALSE(root[name].is_array());
    CHECK(root[name].AsString().has_value() == (name == "s"));
    CHECK(root[name].AsInt64().has_value() == (name == "i"));
    CHECK(root[name].is_null() == (name == "z"));
    CHECK(root[name].exists() == (name != "missing"));
  }
  CHECK_FALSE(root["a"].AsString());
  CHECK_FALSE(root["o"].AsInt64());
  root["a"].ForEachMember([&](std::string_view, JsonValue) { ++visits; });
  root["o"].ForEachElement([&](JsonValue) { ++visits; });
  check_nothing(JsonValue());
  CHECK(visits == 0);
}

TEST_CASE("An int64 is exact", "[json]") {
  // A double holds none of these but 0: timestamps are nanoseconds.
  const std::int64_t value =
      GENERATE(std::int64_t{0}, (std::int64_t{1} << 53) + 1,
               1532592041000000001, std::numeric_limits<std::int64_t>::max(),
               std::numeric_limits<std::int64_t>::min());
  CHECK(Parsed(std::to_string(value)).root().AsInt64() == value);
}

TEST_CASE("Other numbers are no int64", "[json]") {
  const std::string_view text =
      GENERATE(as<std::string_view>{}, "1.0", "1e3", "1E+3", "0.5", "-0.0",
               "9223372036854775808", "-9223372036854775809",
               "18446744073709551615", "1e300");
  CAPTURE(text);
  const JsonDocument document = Parsed(text);
  CHECK(document.root().exists());
  CHECK_FALSE(document.root().AsInt64());
  CHECK_FALSE(document.root().AsString());
}

TEST_CASE("An absurd exponent does no harm", "[json]") {
  // RapidJSON 1.1 reads outside a table when the sum of the exponent and the
  // digits of the fraction overflows.
  Parsed("[0.000000000000000000000e-2147483639, 1]");
  Parsed("[1e-99999999999999999999, 1]");
  CHECK_FALSE(JsonDocument::Parse("1e99999999999999999999").ok());
}

TEST_CASE("Escapes are decoded, surrogate pairs into one character", "[json]") {
  const JsonDocument document = Parsed(
      R"(["http:\/\/h:80?x=1\u0026y=2", "\"\\\b\f\n\r\t", "\u00e4\u20AC",
          "\uD83D\uDE00", "a\u0000b", ""])");
  std::vector<std::string_view> strings;
  document.root().ForEachElement(
      [&](JsonValue v) { strings.push_back(v.AsString().value_or("?")); });
  CHECK(strings ==
        std::vector<std::string_view>{"http://h:80?x=1&y=2", "\"\\\b\f\n\r\t",
                                      "\xC3\xA4\xE2\x82\xAC",
                                      "\xF0\x9F\x98\x80", "a\0b"sv, ""});
}

TEST_CASE("The escape of a low surrogate alone is U+FFFD", "[json]") {
  const JsonDocument document = Parsed(R"({"\uDC00": "x\uDFFFy"})");
  CHECK(document.root()["\xEF\xBF\xBD"].AsString() == "x\xEF\xBF\xBDy");
}

TEST_CASE("What isn't JSON is an error that says where", "[json]") {
  const std::string_view text =
      GENERATE(as<std::string_view>{}, "", " \n", "<html>", "nul", "[1", "[1,]",
               "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "[1 2]", "\"abc",
               "\"\\x\"", "\"\\u12\"", "\"\\uD83D\"", "\"\\uD83D\\u0041\"",
               "x]", "+1", "-", "1.", "1e", ".5", "NaN", "\"a\nb\"",
               "\"a\0b\""sv, "\0"sv, "'a'", "/**/1", "]", ":");
  CAPTURE(text);
  const auto document = JsonDocument::Parse(std::string(text));
  REQUIRE_FALSE(document.ok());
  CHECK(document.status().code() == absl::StatusCode::kInternal);
  CHECK(std::string(document.status().message()).find("at byte") !=
        std::string::npos);
}

TEST_CASE("Strings that aren't UTF-8 are errors, also at the very end",
          "[json]") {
  const std::string_view bytes =
      GENERATE(as<std::string_view>{}, "\x80", "\xC3", "\xE1", "\xE1\x80",
               "\xF1", "\xF1\x80", "\xF1\x80\x80", "\xFF", "\xC0\x80",
               "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x80\x80\x80\x80");
  const std::string text = "\"" + std::string(bytes);
  CHECK_FALSE(JsonDocument::Parse(text).ok());
  CHECK_FALSE(JsonDocument::Parse(text + "\"").ok());
}

TEST_CASE("What follows the first value is ignored", "[json]") {
  // discovery v1.1 writes a second answer after the first one.
  CHECK(Parsed(R"({"code":0}{"code":-304})").root()["code"].AsInt64() == 0);
  CHECK(Parsed("  7 {").root().AsInt64() == 7);
  CHECK(Parsed("\"x\"\xFF").root().AsString() == "x");
  CHECK(Parsed("[]]").root().is_array());
}

TEST_CASE("Of members with one name the first counts", "[json]") {
  const JsonDocument document = Parsed(R"({"a":1,"a":2})");
  CHECK(document.root()["a"].AsInt64() == 1);
  int members = 0;
  document.root().ForEachMember(
      [&](std::string_view, JsonValue) { ++members; });
  CHECK(members == 2);
}

TEST_CASE("Depth costs no stack", "[json]") {
  constexpr std::size_t kDepth = 1'000'000;
  SECTION("when nothing is closed") {
    CHECK_FALSE(JsonDocument::Parse(std::string(kDepth, '[')).ok());
    std::string objects;
    for (std::size_t i = 0; i < kDepth; ++i) objects += "{\"\":";
    CHECK_FALSE(JsonDocument::Parse(objects).ok());
  }
  SECTION("when everything is closed") {
    const JsonDocument document =
        Parsed(std::string(kDepth, '[') + std::string(kDepth, ']'));
    CHECK(document.root().is_array());
  }
}

TEST_CASE("A moved document keeps its values", "[json]") {
  JsonDocument document =
      Parsed(R"(["a string that is too long to be inline"])");
  JsonDocument other = Parsed("1");
  other = std::move(document);
  const JsonDocument last = std::move(other);
  last.root().ForEachElement([](JsonValue value) {
    CHECK(value.AsString() == "a string that is too long to be inline");
  });
}

TEST_CASE("A written text reads as it was written", "[json]") {
  JsonWriter writer;
  writer.BeginObject();
  writer.Key("s");
  writer.String("\"\\/\b\n\x01\x7F \xC3\xA4\xF0\x9F\x98\x80");
  writer.Key("");
  writer.String({});
  writer.Key("i");
  writer.BeginArray();
  writer.Int64(std::numeric_limits<std::int64_t>::min());
  writer.Int64(std::numeric_limits<std::int64_t>::max());
  writer.BeginArray();
  writer.EndArray();
  writer.EndArray();
  writer.Key("m");
  writer.StringMap({{"a", "1"}, {"b", "2"}});
  writer.EndObject();
  CHECK(writer.text() ==
        "{\"s\":\"\\\"\\\\/\\b\\n\\u0001\x7F \xC3\xA4\xF0\x9F\x98\x80\","
        "\"\":\"\",\"i\":[-9223372036854775808,9223372036854775807,[]],"
        "\"m\":{\"a\":\"1\",\"b\":\"2\"}}");
  const JsonDocument document = Parsed(writer.text());
  CHECK(document.root()["s"].AsString() ==
        "\"\\/\b\n\x01\x7F \xC3\xA4\xF0\x9F\x98\x80");
}

TEST_CASE("DecodeStringMap reads an object of strings", "[json]") {
  const auto decode = [](const std::string& text, bool& has_other) {
    return DecodeStringMap(JsonDocument::ParseWhole(text)->root(), has_other);
  };
  using Map = std::map<std::string, std::string>;
  bool has_other = false;
  CHECK(decode(R"({"a":"1","b":null,"a":"2"})", has_other) ==
        Map{{"a", "2"}, {"b", ""}});
  CHECK_FALSE(has_other);
  CHECK(decode(R"({"a":"1","b":2})", has_other) == Map{{"a", "1"}, {"b", ""}});
  CHECK(has_other);
}

TEST_CASE("EncodeStringMap writes an object of strings", "[json]") {
  CHECK(EncodeStringMap({}) == "{}");
  CHECK(EncodeStringMap({{"weight", "10"}, {"a\"b", std::string("x\0y", 3)}}) ==
        R"({"a\"b":"x\u0000y","weight":"10"})");
}

TEST_CASE("ParseWhole takes one value and white space, nothing else",
          "[json]") {
  const auto is_whole = [](std::string_view text) {
    return JsonDocument::ParseWhole(std::string(text)).ok();
  };
  CHECK(is_whole("{\"a\": [1, 2]}"));
  CHECK(is_whole(" \t{} \r\n"));
  CHECK(is_whole("12"));
  CHECK(is_whole("null"));
  CHECK_FALSE(is_whole("{}{}"));
  CHECK_FALSE(is_whole("{} x"));
  CHECK_FALSE(is_whole("1 2"));
  CHECK_FALSE(is_whole(""));
  CHECK_FALSE(is_whole("  "));
  CHECK_FALSE(is_whole("{}\0"sv));
}

TEST_CASE("A boolean is read as such and is no other type", "[json]") {
  const JsonDocument document = Parsed(R"([true, false, 1, "true", null])");
  std::vector<std::optional<bool>> values;
  document.root().ForEachElement(
      [&](JsonValue v) { values.push_back(v.AsBool()); });
  REQUIRE(values.size() == 5);
  CHECK(values[0] == true);
  CHECK(values[1] == false);
  CHECK_FALSE(values[2].has_value());
  CHECK_FALSE(values[3].has_value());
  CHECK_FALSE(values[4].has_value());
}

}  // namespace
}  // namespace naming::net
