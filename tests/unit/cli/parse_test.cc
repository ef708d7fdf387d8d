// SPDX-License-Identifier: Apache-2.0

#include "cli/parse.h"

#include <chrono>
#include <string>

#include "tests/support/catch.h"

namespace naming::cli {
namespace {

using std::chrono::milliseconds;

TEST_CASE("A duration is a whole number and its unit", "[cli]") {
  CHECK(ParseDuration("0s").value() == milliseconds(0));
  CHECK(ParseDuration("500ms").value() == milliseconds(500));
  CHECK(ParseDuration("10s").value() == milliseconds(10'000));
  CHECK(ParseDuration("2m").value() == milliseconds(120'000));
  CHECK(ParseDuration("1h").value() == milliseconds(3'600'000));
  CHECK(ParseDuration("1000h").value() == milliseconds(3'600'000'000));
}

TEST_CASE("What isn't a duration is refused with an example", "[cli]") {
  const std::string text = GENERATE(
      "", "10", "s", "ms", "-1s", "+1s", "1.5s", "10 s", " 10s", "10s ", "10S",
      "1d", "1h30m", "1001h", "99999999999999999999s", "9223372036854775807h");
  CAPTURE(text);
  const auto duration = ParseDuration(text);
  REQUIRE(duration.status().code() == absl::StatusCode::kInvalidArgument);
  const std::string message(duration.status().message());
  CHECK(message ==
        "\"" + text + "\" must be a duration such as 500ms, 10s, 2m or 1h");
}

TEST_CASE("Metadata is split at its first equals sign", "[cli]") {
  const auto metadata = ParseMetadata({"color=blue", "query=a=b", "empty="});
  REQUIRE(metadata.ok());
  CHECK(*metadata == std::map<std::string, std::string>{
                         {"color", "blue"}, {"query", "a=b"}, {"empty", ""}});
}

TEST_CASE("Metadata without a key, or with one twice, is refused", "[cli]") {
  CHECK(ParseMetadata({"color"}).status().message() ==
        "\"color\" must be key=value");
  CHECK(ParseMetadata({"=blue"}).status().message() ==
        "\"=blue\" must be key=value");
  CHECK(ParseMetadata({"color=blue", "color=red"}).status().message() ==
        "\"color=red\": the key was given before");
}

TEST_CASE("Statuses and formats have names, and no others", "[cli]") {
  CHECK(ParseStatus("up").value() == Instance::Status::kUp);
  CHECK(ParseStatus("waiting").value() == Instance::Status::kWaiting);
  CHECK(ParseStatus("1").status().message() == "\"1\" must be up or waiting");
  CHECK(ParseFormat("table").value() == Output::Format::kTable);
  CHECK(ParseFormat("json").value() == Output::Format::kJson);
  CHECK(ParseFormat("").status().message() == "\"\" must be table or json");
}

}  // namespace
}  // namespace naming::cli
