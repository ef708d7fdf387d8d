// SPDX-License-Identifier: Apache-2.0

#include "base/file.h"

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

namespace naming::base {
namespace {

constexpr std::size_t kNoLimit = 1'000'000;

std::size_t CountFiles(const std::string& directory) {
  const std::filesystem::directory_iterator files(directory);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST_CASE("A file is replaced as a whole", "[file]") {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.File("x");
  const Sync sync = GENERATE(Sync::kNo, Sync::kYes);
  CHECK(ReplaceFile(path, "a longer text", sync).ok());
  CHECK(ReplaceFile(path, "short", sync).ok());
  CHECK(ReadFile(path, kNoLimit).value() == "short");
  CHECK(ReplaceFile(path, "", sync).ok());
  CHECK(ReadFile(path, kNoLimit).value().empty());
  CHECK(CountFiles(directory.path()) == 1);
}

TEST_CASE("What can't be replaced is left as it was", "[file]") {
  const testing::TemporaryDirectory directory;
  CHECK(absl::IsUnavailable(
      ReplaceFile(directory.File("no/x"), "text", Sync::kNo)));
  // A directory can't be replaced by a file.
  const std::string path = directory.File("x");
  REQUIRE(std::filesystem::create_directory(path));
  CHECK(absl::IsUnavailable(ReplaceFile(path, "text", Sync::kNo)));
  CHECK(CountFiles(directory.path()) == 1);
}

TEST_CASE("A file that can't be read says why", "[file]") {
  const testing::TemporaryDirectory directory;
  CHECK(absl::IsNotFound(ReadFile(directory.File("none"), kNoLimit).status()));
  CHECK(absl::IsUnavailable(ReadFile(directory.path(), kNoLimit).status()));

  const std::string path = directory.File("x");
  REQUIRE(ReplaceFile(path, std::string(100'000, 'x'), Sync::kNo).ok());
  CHECK(ReadFile(path, 100'000).ok());
  CHECK(absl::IsResourceExhausted(ReadFile(path, 99'999).status()));

  // Nobody writes into it: reading must not wait for that.
  const std::string pipe = directory.File("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(absl::IsUnavailable(ReadFile(pipe, kNoLimit).status()));
}

}  // namespace
}  // namespace naming::base
