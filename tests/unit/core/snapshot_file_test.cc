// SPDX-License-Identifier: Apache-2.0

#include "core/snapshot_file.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "tests/support/catch.h"
#include "tests/support/instances.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

std::shared_ptr<const Instance> Make(const std::string& zone,
                                     const std::string& hostname) {
  Instance instance = testing::MakeInstance("demo", hostname);
  instance.zone = zone;
  return std::make_shared<const Instance>(std::move(instance));
}

SavedSnapshot MakeSaved() {
  SavedSnapshot saved;
  saved.scope = "discovery dev";
  saved.snapshot.app_id = "demo";
  saved.snapshot.zones = {{"z1", {Make("z1", "a"), Make("z1", "b")}},
                          {"z2", {Make("z2", "a")}}};
  saved.snapshot.schedule.clients = {
      {"z1", {{"z2", std::numeric_limits<std::int64_t>::min()}}}, {"z2", {}}};
  saved.snapshot.stale_since =
      system_clock::time_point(milliseconds(1767225600123));
  return saved;
}

std::string Encoded() { return EncodeSnapshot(MakeSaved()).value(); }

TEST_CASE("What is encoded is decoded whole", "[snapshot_file]") {
  SavedSnapshot saved = MakeSaved();
  SECTION("as it is") {}
  SECTION("without instances") { saved.snapshot.zones.clear(); }
  SECTION("with any text") {
    Instance odd;
    odd.app_id = "demo";
    odd.hostname = "\"\\\n\xE2\x80\xA8";
    odd.metadata = {{"", ""}, {"k", "\xF0\x9F\x8C\x8D"}};
    odd.status = Instance::Status::kWaiting;
    saved.snapshot.zones[""] = {std::make_shared<const Instance>(odd)};
  }
  const auto text = EncodeSnapshot(saved);
  REQUIRE(text.ok());
  const auto decoded = DecodeSnapshot(*text);
  REQUIRE(decoded.ok());
  CHECK(*decoded == saved);
}

TEST_CASE("What a file can't hold isn't encoded", "[snapshot_file]") {
  SavedSnapshot saved = MakeSaved();
  SECTION("a text that isn't UTF-8") {
    Instance odd = *Make("z3", "a");
    odd.metadata["k"] = "\xFF";
    saved.snapshot.zones["z3"] = {std::make_shared<const Instance>(odd)};
  }
  SECTION("a name that isn't UTF-8") {
    saved.snapshot.schedule.clients["\xFF"];
  }
  SECTION("no time") { saved.snapshot.stale_since.reset(); }
  SECTION("a time before 1970") {
    saved.snapshot.stale_since = system_clock::time_point(milliseconds(-1));
  }
  CHECK(absl::IsInternal(EncodeSnapshot(saved).status()));
}

TEST_CASE("Whatever is cut off or changed is noticed", "[snapshot_file]") {
  const std::string text = Encoded();
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    REQUIRE(absl::IsInternal(DecodeSnapshot(text.substr(0, size)).status()));
    std::string changed = text;
    changed[size] = static_cast<char>(changed[size] ^ 1);
    REQUIRE(absl::IsInternal(DecodeSnapshot(changed).status()));
  }
  CHECK(absl::IsInternal(DecodeSnapshot(text + "x").status()));
}

TEST_CASE("An error says what is wrong with a file", "[snapshot_file]") {
  const auto message = [](const std::string& text) {
    return std::string(DecodeSnapshot(text).status().message());
  };
  CHECK(message("") == "not a snapshot file");
  CHECK(message("<html>") == "not a snapshot file");
  CHECK(message("naming-snapshot 2 0123") ==
        "of version 2, which isn't known here");
  CHECK(message("naming-snapshot 1 0123") ==
        "damaged: the first line is cut short");
  CHECK(message(Encoded() + "x") == "damaged: the checksum is wrong");
}

TEST_CASE("A body that isn't what it should be is refused", "[snapshot_file]") {
  const auto instance = [](const std::string& zone, const std::string& name) {
    return R"({"hostname":")" + name + R"(","region":"","zone":")" + zone +
           R"(","env":"","version":"","status":"up","addrs":[],"metadata":{}})";
  };
  const auto body = [](const std::string& instances,
                       const std::string& schedule = "{}",
                       const std::string& time = "0") {
    return R"({"scope":"s","app_id":"a","saved_at":)" + time +
           R"(,"instances":)" + instances + R"(,"schedule":)" + schedule + "}";
  };
  const std::string good = instance("z", "a");
  REQUIRE(DecodeSnapshot(SealSnapshot(body("[" + good + "]"))).ok());
  const std::string text = GENERATE_COPY(
      std::string(), std::string("null"), body("null"), body("[]", "[]"),
      body("[]", "{}", "-1"), body("[]", "{}", "9223372036854775807"),
      body("[]") + body("[]"), body("[1]"), body("[" + good + "," + good + "]"),
      body("[" + instance("z", "b") + "," + good + "]"),
      body("[" + good + "," + instance("y", "a") + "]"),
      body("[]", R"({"z":1})"), body("[]", R"({"z":{"z":"1"}})"));
  CAPTURE(text);
  CHECK(absl::IsInternal(DecodeSnapshot(SealSnapshot(text)).status()));
}

TEST_CASE("A file's name is safe and its own", "[snapshot_file]") {
  CHECK(SnapshotFileName("discovery dev", "demo.app").substr(0, 9) ==
        "demo.app-");
  std::set<std::string> names;
  const std::string longest(255, '/');
  for (const std::string& app_id :
       {std::string("demo"), std::string("Demo"), std::string("../../etc/x"),
        std::string(".."), std::string("."), std::string("a/b"),
        std::string("a b"), std::string("\xE2\x80\xA8"), std::string("%2F"),
        longest, longest.substr(1), std::string()}) {
    for (const char* const scope : {"discovery dev", "etcd dev"}) {
      const std::string name = SnapshotFileName(scope, app_id);
      CAPTURE(name);
      CHECK(names.insert(name).second);
      CHECK(name.size() <= 120);
      CHECK(name.front() != '.');
      CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789-._%") == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace naming::core
