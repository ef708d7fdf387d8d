// SPDX-License-Identifier: Apache-2.0

#include "node/go_json.h"

#include <limits>
#include <string>

#include "tests/support/catch.h"

namespace naming::node {
namespace {

// What Go 1.19 writes for `text`.
std::string Encoded(std::string_view text) {
  GoJsonWriter writer;
  writer.String(text);
  return writer.Take();
}

TEST_CASE("Commas and brackets nest", "[go_json]") {
  GoJsonWriter writer;
  writer.BeginObject();
  writer.Key("a");
  writer.BeginArray();
  writer.BeginObject();
  writer.EndObject();
  writer.Int64(1);
  writer.Null();
  writer.String("x");
  writer.BeginArray();
  writer.EndArray();
  writer.EndArray();
  writer.Key("b");
  writer.BeginObject();
  writer.Key("c");
  writer.Int64(std::numeric_limits<std::int64_t>::min());
  writer.Key("d");
  writer.Int64(1795224393131111624);
  writer.EndObject();
  writer.EndObject();
  CHECK(writer.Take() ==
        R"({"a":[{},1,null,"x",[]],)"
        R"("b":{"c":-9223372036854775808,"d":1795224393131111624}})");
}

TEST_CASE("A writer is as new after Take", "[go_json]") {
  GoJsonWriter writer;
  writer.Int64(1);
  CHECK(writer.Take() == "1");
  writer.Int64(2);
  CHECK(writer.Take() == "2");
}

TEST_CASE("What means something to HTML and JavaScript is escaped",
          "[go_json]") {
  CHECK(Encoded("http://h:80?x=1&y=2") == R"("http://h:80?x=1\u0026y=2")");
  CHECK(Encoded("<a>") == R"("\u003ca\u003e")");
  CHECK(Encoded("\xE2\x80\xA8|\xE2\x80\xA9|\xE2\x80\xAA") ==
        "\"\\u2028|\\u2029|\xE2\x80\xAA\"");
}

TEST_CASE("Quotes, backslashes and control characters are escaped",
          "[go_json]") {
  CHECK(Encoded("a\"b\\c/'") == R"("a\"b\\c/'")");
  CHECK(Encoded("\n\r\t") == R"("\n\r\t")");
  CHECK(Encoded("\b\f\x01\x1F\x7F") == "\"\\u0008\\u000c\\u0001\\u001f\x7F\"");
  CHECK(Encoded(std::string_view("\0", 1)) == R"("\u0000")");
}

TEST_CASE("Other characters stay, and bytes that are none become U+FFFD",
          "[go_json]") {
  CHECK(Encoded("\xC3\xA4\xE4\xB8\x96\xF0\x9F\x98\x80") ==
        "\"\xC3\xA4\xE4\xB8\x96\xF0\x9F\x98\x80\"");
  CHECK(Encoded("a\xFF\xC3") == R"("a\ufffd\ufffd")");
  CHECK(Encoded("\xED\xA0\x80") == R"("\ufffd\ufffd\ufffd")");
  GoJsonWriter writer;
  writer.BeginObject();
  writer.Key("<\xFF");
  writer.Null();
  writer.EndObject();
  CHECK(writer.Take() == R"({"\u003c\ufffd":null})");
}

TEST_CASE("GoQuote quotes as strconv.Quote does", "[go_json]") {
  CHECK(GoQuote("") == R"("")");
  CHECK(GoQuote("abc") == R"("abc")");
  CHECK(GoQuote("a\"b\\") == R"("a\"b\\")");
  CHECK(GoQuote("\a\b\f\n\r\t\v") == R"("\a\b\f\n\r\t\v")");
  CHECK(GoQuote("\x01\x7F") == R"("\x01\x7f")");
  CHECK(GoQuote("<&\xC3\xA4\xFF") == "\"<&\xC3\xA4\\xff\"");
}

TEST_CASE("GoJsEscape leaves nothing that ends a string or a script",
          "[go_json]") {
  CHECK(GoJsEscape("jQuery_12.cb[0]") == "jQuery_12.cb[0]");
  CHECK(GoJsEscape("a'\"\\") == R"(a\'\"\\)");
  CHECK(GoJsEscape("<x>&=\n") == R"(\u003Cx\u003E\u0026\u003D\u000A)");
}

TEST_CASE("GoValidUtf8 replaces byte by byte", "[go_json]") {
  CHECK(GoValidUtf8("a\xC3\xA4") == "a\xC3\xA4");
  CHECK(GoValidUtf8("\xFF\xC3.") == "\xEF\xBF\xBD\xEF\xBF\xBD.");
}

}  // namespace
}  // namespace naming::node
