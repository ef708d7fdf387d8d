// SPDX-License-Identifier: Apache-2.0

#include "net/json_reader.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/catch.h"

namespace naming::net {
namespace {

using std::string_view_literals::operator""sv;

TEST_CASE("Members and elements are visited in order, the unread ones skipped",
          "[json_reader]") {
  JsonReader reader(
      R"( {"a": [1, {"b": []}, 2], "skipped": {"c": [[2]]}, "d": "y"} )");
  std::string seen;
  CHECK(reader.ForEachMember([&](std::string_view name) {
    seen += name;
    if (name == "skipped") return;
    if (name == "d") {
      seen += reader.ReadString().value_or("?");
      return;
    }
    CHECK(reader.IsArray());
    CHECK(reader.ForEachElement([&] {
      seen += reader.IsObject() ? 'o' : '.';
      if (!reader.IsObject()) seen += std::to_string(*reader.ReadInt64());
    }));
  }));
  CHECK(seen == "a.1o.2skippeddy");
  CHECK(reader.ok());
}

TEST_CASE("Names are told by their places, in whatever order they come",
          "[json_reader]") {
  constexpr std::array<JsonName, 3> kNames = {JsonName("one"), JsonName("two"),
                                              JsonName("three")};
  const auto places = [&kNames](const std::string& text) {
    JsonReader reader(text);
    std::string seen;
    const bool is_object = reader.ForEachMember(kNames, [&](std::size_t place) {
      seen += std::to_string(place);
      if (place == 1) seen += reader.ReadString().value_or("?");
    });
    return is_object ? seen : seen + "!";
  };
  CHECK(places(R"({"one":1,"two":"x","three":[3]})") == "01x2");
  CHECK(places(R"({ "three" : 3 , "two" : "x" , "one" : 1 })") == "21x0");
  CHECK(
      places(R"({"other":0,"one":1,"one":1,"t\u0077o":"x","on":2,"onee":3})") ==
      "3001x33");
  CHECK(places("{}").empty());
  CHECK(places("[]") == "!");
  CHECK(places(R"({"one":1,"two)") == "0!");
  CHECK(places(R"({"one":1,"two")") == "0!");
  CHECK(places(R"({"one":1,"two":)") == "01?!");
  CHECK(places(R"({"one":1 "two":2})") == "0!");
  CHECK(places(R"({"one":1,})") == "0!");
}

TEST_CASE("A value is taken once", "[json_reader]") {
  JsonReader reader("[7, 8]");
  std::vector<std::int64_t> read;
  CHECK(reader.ForEachElement([&] {
    read.push_back(reader.ReadInt64().value_or(-1));
    CHECK_FALSE(reader.ReadInt64());
    CHECK_FALSE(reader.ReadString());
    CHECK_FALSE(reader.IsArray());
    CHECK(reader.Skip().empty());
    CHECK_FALSE(reader.ForEachElement([] {}));
    CHECK_FALSE(reader.ForEachMember([](std::string_view) {}));
  }));
  CHECK(read == std::vector<std::int64_t>{7, 8});
  CHECK(reader.ok());
}

TEST_CASE("A wrong type is skipped and is nothing", "[json_reader]") {
  const std::string value = GENERATE("null", "true", "1.5", "1e3", "{\"a\":[]}",
                                     "[[1]]", "9223372036854775808");
  JsonReader reader("[" + value + "," + value + ",\"end\"]");
  int i = 0;
  CHECK(reader.ForEachElement([&] {
    if (++i == 1) CHECK_FALSE(reader.ReadInt64());
    if (i == 2) CHECK_FALSE(reader.ReadString());
    if (i == 3) CHECK(reader.ReadString() == "end");
  }));
  CHECK(i == 3);
}

TEST_CASE("An int64 is read exactly", "[json_reader]") {
  const std::int64_t value =
      GENERATE(std::int64_t{0}, (std::int64_t{1} << 53) + 1,
               std::numeric_limits<std::int64_t>::max(),
               std::numeric_limits<std::int64_t>::min());
  JsonReader reader(std::to_string(value));
  CHECK(reader.ReadInt64() == value);
}

TEST_CASE("Strings are decoded wherever their odd bytes lie", "[json_reader]") {
  // Eight bytes are looked at a time.
  const std::string plain(GENERATE(0, 1, 6, 7, 8, 9, 15, 16, 17), 'p');
  JsonReader reader("[\"" + plain + R"(\"\\\/\b\f\n\r\t\u0026\u00e4)" + plain +
                    R"(\u20AC\uD83D\uDE00\uDC00 ä€😀)" + plain + "\"]");
  reader.ForEachElement([&] {
    CHECK(reader.ReadString() ==
          plain + "\"\\/\b\f\n\r\t&ä" + plain + "€😀\xEF\xBF\xBD ä€😀" + plain);
  });
  CHECK(reader.ok());
}

TEST_CASE("An odd byte is found at each place of a string", "[json_reader]") {
  const std::string odd = GENERATE("\\n", "\\u0041", "ä", "\x7F", "😀");
  JsonReader decoded("\"" + odd + "\"");
  const std::string meant(decoded.ReadString().value_or("?"));
  for (std::size_t place = 0; place <= 32; ++place) {
    CAPTURE(place);
    const std::string plain(place, 'p');
    JsonReader reader("[\"" + plain + odd + plain + "\",\"" + plain + odd +
                      plain + "\"]");
    std::string read;
    reader.ForEachElement([&] {
      if (read.empty()) read = reader.ReadString().value_or("?");
    });
    CHECK(read == plain + meant + plain);
    CHECK(reader.ok());
  }
}

TEST_CASE("A bad byte is found at each place of a string", "[json_reader]") {
  const std::string bad = GENERATE("\n", "\x1F", "\x80", "\xC3(", "\\x");
  for (std::size_t place = 0; place <= 32; ++place) {
    CAPTURE(place);
    JsonReader reader("\"" + std::string(place, 'p') + bad + "p\"");
    CHECK_FALSE(reader.ReadString());
    CHECK(std::string(reader.status().message())
              .find("at byte " + std::to_string(place + 1) + ":") !=
          std::string::npos);
  }
}

TEST_CASE("Numbers of any length are skipped as they came", "[json_reader]") {
  const std::string digits(GENERATE(1, 2, 7, 8, 9, 15, 16, 17, 19, 24, 25),
                           '7');
  const std::string behind = GENERATE("", ".5", "e3", "E-3", ".25e+1");
  const std::string number = digits + behind;
  JsonReader reader("[" + number + "," + number + " , -" + number + "]");
  std::string seen;
  CHECK(reader.ForEachElement([&] {
    seen += reader.Skip();
    seen += ' ';
  }));
  CHECK(seen == number + " " + number + " -" + number + " ");
}

TEST_CASE("A text that is cut anywhere is no JSON", "[json_reader]") {
  constexpr std::array<JsonName, 3> kNames = {
      JsonName("name"), JsonName("a_number"),
      JsonName("of_twenty_one_letters")};
  const std::string whole =
      R"({"name":"a \"\u00e4\" of ä","a_number":1795224393131111624,)"
      R"("of_twenty_one_letters":[{"b":null},-1.5e3],"other":"x"})";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    const auto read = [&](bool is_skipped) {
      JsonReader reader(whole.substr(0, size));
      if (is_skipped) {
        reader.Skip();
      } else {
        reader.ForEachMember(kNames, [&](std::size_t place) {
          if (place == 0) static_cast<void>(reader.ReadString());
          if (place == 1) static_cast<void>(reader.ReadInt64());
        });
      }
      return reader.ok();
    };
    CHECK(read(true) == (size == whole.size()));
    CHECK(read(false) == (size == whole.size()));
  }
}

TEST_CASE("Skip returns a value's text as it came", "[json_reader]") {
  const std::string value = GENERATE(R"({"a\u0026":"\u00e4", "b" : [ 1,{} ]})",
                                     R"("\n")", "-1.5e+3", "null");
  JsonReader reader("[ " + value + " ]");
  std::string text;
  reader.ForEachElement([&] { text = reader.Skip(); });
  CHECK(text == value);
}

TEST_CASE("What follows the first value doesn't matter", "[json_reader]") {
  JsonReader reader("{\"a\":1}{\"b\xFF");
  std::string names;
  CHECK(reader.ForEachMember([&](std::string_view name) { names += name; }));
  CHECK(names == "a");
}

TEST_CASE("What isn't JSON ends the reading and says where", "[json_reader]") {
  const std::string_view text = GENERATE(
      as<std::string_view>{}, "", " \n", "<html>", "nul", "[1", "[1,]", "[,1]",
      "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "{,}", "[1 2]", "\"abc",
      "[\"\\x\"]", "\"\\u12\"", "\"\\uD83D\"", "\"\\uD83D\\u0041\"", "[01]",
      "x]", "+1", "-", "1.", "1e", ".5", "NaN", "\"a\nb\"", "\"a\0b\""sv,
      "\0"sv, "'a'", "/**/1", "]", ":", "{\"a\":1]", "[1}", "[[[",
      "{\"a\":{\"b\":[", "\"\\", "\"\\u", "\"\x80\"", "\"\xC3",
      "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"");
  CAPTURE(text);
  JsonReader skipping{std::string(text)};
  CHECK(skipping.Skip().empty());
  CHECK(skipping.status().code() == absl::StatusCode::kInternal);
  CHECK(std::string(skipping.status().message()).find("at byte") !=
        std::string::npos);
  JsonReader visiting{std::string(text)};
  const auto read = [&visiting] { static_cast<void>(visiting.ReadString()); };
  if (visiting.IsObject()) {
    CHECK_FALSE(visiting.ForEachMember([&](std::string_view) { read(); }));
  } else {
    CHECK_FALSE(visiting.ForEachElement(read));
  }
  CHECK_FALSE(visiting.ok());
}

TEST_CASE("Depth costs no stack and has a bound", "[json_reader]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  JsonReader deep(nested(512));
  CHECK(deep.Skip() == nested(512));
  JsonReader too_deep(nested(513));
  CHECK(too_deep.Skip().empty());
  CHECK_FALSE(too_deep.ok());
  JsonReader open(std::string(1'000'000, '['));
  CHECK(open.Skip().empty());
}

}  // namespace
}  // namespace naming::net
