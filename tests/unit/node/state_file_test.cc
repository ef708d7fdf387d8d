// SPDX-License-Identifier: Apache-2.0

#include "node/state_file.h"

#include <string>

#include "absl/status/status.h"
#include "node/answers.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace naming::node {
namespace {

StoredInstance MakeOdd() {
  StoredInstance instance;
  instance.zone = "sh001";
  instance.env = "dev";
  instance.app_id = "main.account";
  instance.hostname = "h1";
  instance.addrs = {"http://127.0.0.1:8000/?a=1&b=<2>"};
  instance.metadata = Metadata{{"weight", "10"}, {"text", "\xE2\x80\xA8 \"\n"}};
  instance.status = kStatusWaiting;
  instance.reg_timestamp = 1795224008542635714;
  instance.renew_timestamp = 1795224008542635716;
  instance.dirty_timestamp = 9007199254740993;  // 2^53 + 1.
  return instance;
}

TEST_CASE("What is written is read again", "[state_file]") {
  const testing::TemporaryDirectory directory;
  const testing::FakeClock clock;
  Store store(clock);
  store.Adopt(MakeOdd());
  const std::string file = directory.File("state");
  REQUIRE(WriteState(file, "earlier").ok());
  REQUIRE(WriteState(file, EncodeState(store)).ok());
  const auto instances = ReadState(file);
  REQUIRE(instances.ok());
  REQUIRE(instances->size() == 1);
  CHECK(EncodeInstance(instances->front(), true) ==
        EncodeInstance(MakeOdd(), true));
}

TEST_CASE("A file that there isn't is told from one that can't be read",
          "[state_file]") {
  const testing::TemporaryDirectory directory;
  CHECK(absl::IsNotFound(ReadState(directory.File("none")).status()));
  CHECK(absl::IsUnavailable(ReadState(directory.path()).status()));
}

TEST_CASE("What can't be written leaves the file as it was", "[state_file]") {
  const testing::TemporaryDirectory directory;
  CHECK(absl::IsUnavailable(WriteState(directory.File("no/state"), "x")));
  CHECK(absl::IsUnavailable(CheckWritable(directory.File("no/state"))));
  // A directory can't be replaced by a file.
  CHECK(absl::IsUnavailable(WriteState(directory.path(), "x")));
  CHECK(CheckWritable(directory.File("state")).ok());
  CHECK(absl::IsNotFound(ReadState(directory.File("state")).status()));
}

TEST_CASE("Text that isn't a state is an error", "[state_file]") {
  for (const char* const text :
       {"", "{}", "[]", R"({"naming_node_state":1})",
        R"({"naming_node_state":2,"apps":{}})",
        R"({"naming_node_state":1,"apps":{}} and more)"}) {
    CAPTURE(text);
    CHECK(absl::IsInternal(DecodeState(text).status()));
  }
  CHECK(DecodeState(R"({"naming_node_state":1,"apps":{}})").ok());
}

}  // namespace
}  // namespace naming::node
