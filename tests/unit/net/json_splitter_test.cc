// SPDX-License-Identifier: Apache-2.0

#include "net/json_splitter.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace naming::net {
namespace {

std::vector<std::string> TakeAll(JsonSplitter& splitter) {
  std::vector<std::string> objects;
  while (auto object = splitter.Next()) objects.push_back(*std::move(object));
  return objects;
}

TEST_CASE("A stream is cut into objects however its bytes arrive", "[json]") {
  // As etcd ends a watch: the last object has no line end.
  const std::string stream =
      "{\"result\":{\"a\":[{}],\"s\":\"}{\\\"\\\\\"}}\n \n"
      "{}{\"error\":{\"message\":\"\\u007d\"}}";
  const std::vector<std::string> expected = {
      R"({"result":{"a":[{}],"s":"}{\"\\"}})", "{}",
      R"({"error":{"message":"\u007d"}})"};
  const std::size_t step = GENERATE(std::size_t{1}, 2, 7, 1000);
  CAPTURE(step);
  JsonSplitter splitter;
  std::vector<std::string> objects;
  for (std::size_t i = 0; i < stream.size(); i += step) {
    splitter.Append(stream.substr(i, step));
    for (std::string& object : TakeAll(splitter)) objects.push_back(object);
  }
  CHECK(objects == expected);
  CHECK(splitter.status().ok());
  CHECK(splitter.Next() == std::nullopt);
}

TEST_CASE("A stream of something else is an error", "[json]") {
  JsonSplitter splitter;
  splitter.Append("{\"a\":1}\n404 page not found");
  CHECK(TakeAll(splitter) == std::vector<std::string>{"{\"a\":1}"});
  CHECK(absl::IsInternal(splitter.status()));
  CHECK_THAT(std::string(splitter.status().message()),
             Catch::Matchers::Contains("404 page not found"));
  splitter.Append("{}");
  CHECK(splitter.Next() == std::nullopt);
}

TEST_CASE("An object without end is an error", "[json]") {
  JsonSplitter splitter(10);
  splitter.Append("{\"a\":12}");
  CHECK(splitter.Next() == "{\"a\":12}");
  splitter.Append("{\"a\":");
  CHECK(splitter.Next() == std::nullopt);
  CHECK(splitter.status().ok());
  splitter.Append("\"xxxxxxxxxxx");
  CHECK(splitter.Next() == std::nullopt);
  CHECK(absl::IsResourceExhausted(splitter.status()));
}

}  // namespace
}  // namespace naming::net
