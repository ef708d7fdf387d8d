// SPDX-License-Identifier: Apache-2.0

#include "node/arguments.h"

#include <string>

#include "tests/support/catch.h"

namespace naming::node {
namespace {

using Kind = MetadataChange::Kind;

TEST_CASE("Metadata registers as an object of strings", "[arguments]") {
  const auto metadata = ParseMetadata(R"({"weight":"10","color":"red"})");
  REQUIRE(metadata.ok());
  CHECK(*metadata == Metadata{{"weight", "10"}, {"color", "red"}});
}

TEST_CASE("A metadata value that isn't a string is empty", "[arguments]") {
  const auto metadata =
      ParseMetadata(R"({"weight":10,"a":"b","n":null,"o":{"x":"y"}})");
  REQUIRE(metadata.ok());
  CHECK(*metadata ==
        Metadata{{"weight", ""}, {"a", "b"}, {"n", ""}, {"o", ""}});
}

TEST_CASE("The last of repeated metadata keys counts", "[arguments]") {
  const auto metadata = ParseMetadata(R"({"a":"1","a":"2"})");
  REQUIRE(metadata.ok());
  CHECK(*metadata == Metadata{{"a", "2"}});
}

TEST_CASE("JSON that isn't an object is no metadata", "[arguments]") {
  for (const char* json : {"", "null", "[1,2]", "12", "\"x\"", "true"}) {
    CAPTURE(json);
    const auto metadata = ParseMetadata(json);
    REQUIRE(metadata.ok());
    CHECK_FALSE(metadata->has_value());
  }
  const auto empty = ParseMetadata("{}");
  REQUIRE(empty.ok());
  CHECK(*empty == Metadata());
}

TEST_CASE("Metadata that isn't JSON is refused", "[arguments]") {
  for (const char* json : {"weight=10", "{", "{} x", "{\"a\":}", " "}) {
    CAPTURE(json);
    CHECK(absl::IsInvalidArgument(ParseMetadata(json).status()));
  }
}

TEST_CASE("Bytes in metadata that aren't UTF-8 become U+FFFD", "[arguments]") {
  const auto metadata = ParseMetadata("{\"a\":\"\xFF\"}");
  REQUIRE(metadata.ok());
  CHECK(*metadata == Metadata{{"a", "\xEF\xBF\xBD"}});
}

TEST_CASE("A change of metadata merges, clears or is bad", "[arguments]") {
  MetadataChange change = ParseMetadataChange(R"({"a":"1"})");
  CHECK(change.kind == Kind::kMerge);
  CHECK(change.values == Metadata{{"a", "1"}});
  CHECK_FALSE(change.is_bad);

  change = ParseMetadataChange("null");
  CHECK(change.kind == Kind::kClear);
  CHECK_FALSE(change.is_bad);

  change = ParseMetadataChange(R"({"a":1,"b":"2","c":null})");
  CHECK(change.kind == Kind::kMerge);
  CHECK(change.values == Metadata{{"a", ""}, {"b", "2"}, {"c", ""}});
  CHECK(change.is_bad);

  for (const char* json : {"[]", "1", "weight=1"}) {
    CAPTURE(json);
    change = ParseMetadataChange(json);
    CHECK(change.kind == Kind::kNone);
    CHECK(change.is_bad);
  }
}

}  // namespace
}  // namespace naming::node
