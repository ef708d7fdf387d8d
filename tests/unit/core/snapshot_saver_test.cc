// SPDX-License-Identifier: Apache-2.0

#include "core/snapshot_saver.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "core/snapshot_file.h"
#include "core/topic.h"
#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"
#include "tests/support/instances.h"
#include "tests/support/temporary_directory.h"

namespace naming::core {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::MakeInstance;

const absl::Status kFetchRefused =
    absl::UnavailableError("fake: fetch demo: refused");

// One life of a program: a Topic whose lists are kept in `directory`.
struct Life {
  explicit Life(std::string directory,
                SnapshotSaverOptions options = SnapshotSaverOptions()) {
    options.directory = std::move(directory);
    options.backend = "fake";
    if (options.scope.empty()) options.scope = "fake dev";
    auto setting = std::make_shared<TopicSetting>();
    setting->backend = "fake";
    setting->dispatcher = dispatcher;
    setting->clock = &loop.clock();
    setting->monitor = monitor;
    setting->saver = saver = std::make_shared<SnapshotSaver>(
        &loop, monitor, logger, std::move(options));
    topic = std::make_shared<Topic>(setting, "demo");
  }
  ~Life() {
    saver->Close(seconds(1));
    dispatcher->Stop();
  }

  void Publish(const std::vector<std::string>& hostnames,
               bool is_live = false) const {
    List list;
    list.is_live = is_live;
    for (const std::string& hostname : hostnames) {
      list.instances.push_back(MakeInstance("demo", hostname));
    }
    topic->Publish(std::move(list));
  }

  void Load() {
    saver->Load(topic);
    loop.RunReady();
  }

  std::shared_ptr<const Snapshot> Fetch() const {
    const std::atomic<bool> cancelled{false};
    return topic->Fetch(milliseconds(0), &cancelled).value_or(nullptr);
  }

  std::string hostnames() const {
    const auto snapshot = Fetch();
    if (snapshot == nullptr) return "(none)";
    std::string names;
    for (const auto& instance : snapshot->AllInstances()) {
      names += instance->hostname;
    }
    return names;
  }

  bool is_stale() const { return Fetch()->stale_since.has_value(); }
  ClientStats stats() const { return monitor->counters().Stats(); }

  testing::FakeLoop loop;
  std::vector<std::string> log;
  std::shared_ptr<Logger> logger = std::make_shared<Logger>(
      [this](const LogRecord& record) { log.push_back(record.message); });
  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
  std::shared_ptr<Monitor> monitor =
      std::make_shared<Monitor>(loop.clock(), dispatcher, logger, nullptr);
  std::shared_ptr<SnapshotSaver> saver;
  std::shared_ptr<Topic> topic;
};

std::string FileOf(const testing::TemporaryDirectory& directory) {
  return directory.File(SnapshotFileName("fake dev", "demo"));
}

// Leaves a file as an earlier life writes it.
void WriteFile(const testing::TemporaryDirectory& directory) {
  Life life(directory.path());
  life.Publish({"a", "b", "c", "d"});
}

TEST_CASE("A list that was saved is served when no node answers",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  Life life(directory.path());
  const auto saved_at = life.loop.clock().WallNow();
  life.loop.Advance(hours(1));

  SECTION("and the first request fails") {
    life.Load();
    CHECK(life.hostnames() == "(none)");  // A fresh one may come at once.
    life.topic->ReportError(kFetchRefused);
  }
  SECTION("and the first request has failed") {
    life.topic->ReportError(kFetchRefused);
    life.Load();
  }
  SECTION("and the first request hangs") {
    life.Load();
    life.loop.Advance(milliseconds(100));
  }
  SECTION("but that it knows no such application: it may be empty") {
    life.Load();
    life.topic->ReportMissing(absl::NotFoundError("fake: no demo"), false);
  }
  REQUIRE(life.hostnames() == "abcd");
  CHECK(life.Fetch()->revision == 1);
  const auto since = life.Fetch()->stale_since;
  REQUIRE(since.has_value());
  CHECK(*since == std::chrono::floor<milliseconds>(saved_at));
  CHECK(life.stats().snapshot_files_loaded == 1);
  CHECK(life.log.size() >= 1);
}

TEST_CASE("An answer makes a stale list fresh", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  Life life(directory.path());
  life.Load();
  SECTION("though nothing has changed") {
    life.topic->ReportError(kFetchRefused);
    const auto before = life.Fetch();
    life.Publish({"a", "b", "c", "d"});
    CHECK(life.hostnames() == "abcd");
    CHECK(life.Fetch()->revision == 2);
    CHECK(life.Fetch()->AllInstances() == before->AllInstances());  // Objects.
  }
  SECTION("and drops what at most half is missing") {
    life.topic->ReportError(kFetchRefused);
    life.Publish({"a", "b", "e"});
    CHECK(life.hostnames() == "abe");
  }
  SECTION("before the stale one was served") {
    life.Publish({"a", "b", "e"});
    CHECK(life.hostnames() == "abe");
    CHECK(life.Fetch()->revision == 1);
    life.loop.Advance(seconds(1));  // It isn't any more.
    CHECK(life.hostnames() == "abe");
  }
  CHECK_FALSE(life.is_stale());
}

TEST_CASE("A node that restarted empty doesn't empty a stale list",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  Life life(directory.path());
  life.Load();
  SECTION("when it is served") { life.topic->ReportError(kFetchRefused); }
  SECTION("when it isn't yet") {}
  life.Publish({});
  CHECK(life.hostnames() == "abcd");
  CHECK(life.is_stale());  // Nobody has said that they are there.
  life.Publish({"e"});     // Providers return.
  CHECK(life.hostnames() == "abcde");
  CHECK_FALSE(life.is_stale());
  CHECK(life.stats().suppressed_shrinks == 1);
  life.loop.Advance(seconds(91));
  life.Publish({"a", "e"});
  CHECK(life.hostnames() == "ae");
}

TEST_CASE("What is missing for long is gone, and then nothing is stale",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  Life life(directory.path());
  life.Load();
  const absl::Status missing = absl::NotFoundError("fake: no demo");
  life.topic->ReportMissing(missing, false);
  CHECK(life.hostnames() == "abcd");
  life.loop.Advance(seconds(91));
  life.topic->ReportMissing(missing, false);
  CHECK(life.hostnames().empty());
  CHECK_FALSE(life.is_stale());
}

TEST_CASE("An answer that is quicker than the disk wins", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  Life life(directory.path());
  life.Publish({"e"});
  life.Load();
  life.topic->ReportError(kFetchRefused);
  CHECK(life.hostnames() == "e");
  CHECK_FALSE(life.is_stale());
}

TEST_CASE("A file that can't be used is reported, and nothing else happens",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  const std::string file = FileOf(directory);
  const std::string good = base::ReadFile(file, 1'000'000).value();
  SavedSnapshot foreign = DecodeSnapshot(good).value();
  SnapshotSaverOptions options;
  std::string why;
  SECTION("empty") {
    REQUIRE(base::ReplaceFile(file, "", base::Sync::kNo).ok());
    why = "not a snapshot file";
  }
  SECTION("cut short") {
    REQUIRE(base::ReplaceFile(file, good.substr(0, good.size() / 2),
                              base::Sync::kNo)
                .ok());
    why = "damaged: the checksum is wrong";
  }
  SECTION("of another application") {
    foreign.snapshot.app_id = "other";
    REQUIRE(base::ReplaceFile(file, EncodeSnapshot(foreign).value(),
                              base::Sync::kNo)
                .ok());
    why = "it is of fake dev, other";
  }
  SECTION("of another registry") {
    foreign.scope = "fake prod";
    REQUIRE(base::ReplaceFile(file, EncodeSnapshot(foreign).value(),
                              base::Sync::kNo)
                .ok());
    why = "it is of fake prod, demo";
  }
  SECTION("too old") {
    options.max_age = minutes(59);
    why = "it was saved 3600s ago";
  }
  SECTION("too large") {
    REQUIRE(truncate(file.c_str(), (off_t{64} << 20) + 1) == 0);
    why = "larger than 67108864 bytes";
  }
  SECTION("a directory") {
    std::filesystem::remove(file);
    REQUIRE(std::filesystem::create_directory(file));
    why = "not a regular file";
  }
  Life life(directory.path(), options);
  life.loop.Advance(hours(1));
  life.Load();
  life.topic->ReportError(kFetchRefused);
  life.loop.Advance(seconds(1));
  CHECK(life.hostnames() == "(none)");
  CHECK(life.stats().snapshot_files_ignored == 1);
  CHECK(life.stats().snapshot_files_loaded == 0);
  CHECK(life.log == std::vector<std::string>{"fake: snapshot file " + file +
                                             ": ignored: " + why});
  life.Publish({"e"});
  CHECK(life.hostnames() == "e");
}

TEST_CASE("Other registries have other files", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  SnapshotSaverOptions options;
  options.scope = "fake prod";
  Life life(directory.path(), options);
  life.Load();
  life.topic->ReportError(kFetchRefused);
  CHECK(life.hostnames() == "(none)");
  CHECK(life.log.empty());
}

TEST_CASE("A clock that was set back makes no file too old",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  Life life(directory.path());
  life.loop.fake_clock().SetBackWall(hours(24));
  life.Load();
  life.topic->ReportError(kFetchRefused);
  CHECK(life.hostnames() == "abcd");
}

TEST_CASE("A storm of changes is written once a second", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  Life life(directory.path());
  for (int i = 0; i < 1000; ++i) {
    life.Publish({"h" + std::to_string(i)}, true);
    life.loop.Advance(milliseconds(5));
  }
  life.loop.Advance(seconds(2));
  CHECK(life.stats().snapshot_files_written >= 4);
  CHECK(life.stats().snapshot_files_written <= 6);
  CHECK(DecodeSnapshot(base::ReadFile(FileOf(directory), 1'000'000).value())
            ->snapshot.zones.at("zone01")
            .front()
            ->hostname == "h999");
}

TEST_CASE("A list that doesn't change is written anew now and then",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  Life life(directory.path());
  for (int minute = 0; minute < 61; ++minute) {
    life.Publish({"a"});
    life.loop.Advance(minutes(1));
  }
  CHECK(life.stats().snapshots == 1);
  CHECK(life.stats().snapshot_files_written == 5);
}

TEST_CASE("What is served stale isn't written anew", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  WriteFile(directory);
  Life life(directory.path());
  life.Load();
  life.topic->ReportError(kFetchRefused);
  life.Publish({});  // Nor what is held back.
  life.loop.Advance(hours(1));
  CHECK(life.stats().snapshot_files_written == 0);
}

TEST_CASE("A directory is made, or it is said that there is none",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  SECTION("when only it is missing") {
    Life life(directory.File("new"));
    life.Publish({"a"});
    life.loop.Advance(seconds(1));
    CHECK(life.stats().snapshot_files_written == 1);
    CHECK(life.log.empty());
  }
  SECTION("when it can't be made") {
    Life life(directory.File("no/new"));
    life.Load();
    CHECK(life.log.empty());  // There are no files: nothing is wrong.
    life.Publish({"a"});
    life.loop.Advance(minutes(2));
    CHECK(life.stats().failed_snapshot_files == 4);  // Every 30 s.
    REQUIRE(life.log.size() == 1);
    CHECK(life.log.front().find("can't create the file") != std::string::npos);
    CHECK(life.hostnames() == "a");

    REQUIRE(std::filesystem::create_directory(directory.File("no")));
    life.Publish({"b"}, true);
    life.loop.Advance(seconds(31));
    CHECK(life.stats().snapshot_files_written == 1);
    CHECK(life.log.size() == 2);
    CHECK(life.log.back().find("written again") != std::string::npos);
  }
}

TEST_CASE("A file that can't be written keeps no other from it",
          "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  Life life(directory.path());
  REQUIRE(std::filesystem::create_directory(FileOf(directory)));
  life.Publish({"a"});
  auto other = std::make_shared<Snapshot>(*life.Fetch());
  other->app_id = "other";  // Comes after it.
  life.saver->Save(other);
  life.loop.Advance(seconds(1));
  CHECK(life.stats().snapshot_files_written == 1);
  CHECK(life.stats().failed_snapshot_files == 1);
  CHECK(life.log.size() == 1);
  SECTION("nor from the next change") {
    life.saver->Save(other);
    life.loop.Advance(seconds(1));
    CHECK(life.stats().snapshot_files_written == 2);
    CHECK(life.stats().failed_snapshot_files == 1);
  }
  SECTION("nor when all ends") {
    life.saver->Save(other);
    life.saver->Close(seconds(1));
    CHECK(life.stats().snapshot_files_written == 2);
    CHECK(life.stats().failed_snapshot_files == 2);
  }
  CHECK(life.log.size() == 1);
  SECTION("and is written when it can be") {
    REQUIRE(std::filesystem::remove(FileOf(directory)));
    life.loop.Advance(seconds(31));
    CHECK(life.stats().snapshot_files_written == 2);
    CHECK(life.log.back().find("written again") != std::string::npos);
  }
}

TEST_CASE("That a list can't be in a file is told once", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  Life life(directory.path());
  for (const char* const hostname : {"\xff", "b\xff"}) {
    life.Publish({hostname}, true);
    life.loop.Advance(seconds(1));
  }
  CHECK(life.stats().failed_snapshot_files == 2);
  CHECK(life.log.size() == 1);
  life.loop.Advance(seconds(31));
  CHECK(life.stats().failed_snapshot_files == 2);
  life.Publish({"c"}, true);
  life.loop.Advance(seconds(1));
  CHECK(life.stats().snapshot_files_written == 1);
  CHECK(life.log.back().find("written again") != std::string::npos);
}

TEST_CASE("What a killed process left is removed", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  const std::string old = FileOf(directory) + ".0123456789abcdef.tmp";
  const std::string recent = FileOf(directory) + ".0123456789abcdee.tmp";
  const std::string others = directory.File("other.tmp");
  for (const std::string& file : {old, recent, others}) {
    REQUIRE(base::ReplaceFile(file, "", base::Sync::kNo).ok());
  }
  for (const std::string& file : {old, others}) {
    std::filesystem::last_write_time(
        file, std::filesystem::file_time_type::clock::now() - minutes(11));
  }
  WriteFile(directory);
  CHECK_FALSE(std::filesystem::exists(old));
  CHECK(std::filesystem::exists(recent));
  CHECK(std::filesystem::exists(others));
}

TEST_CASE("Once closed, a saver writes nothing", "[snapshot_saver]") {
  const testing::TemporaryDirectory directory;
  Life life(directory.path());
  life.Publish({"a"});
  life.saver->Close(seconds(1));
  CHECK(life.stats().snapshot_files_written == 1);
  life.Publish({"b"}, true);
  life.saver->Load(life.topic);
  life.loop.Advance(seconds(2));
  CHECK(life.stats().snapshot_files_written == 1);
}

}  // namespace
}  // namespace naming::core
