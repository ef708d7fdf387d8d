// SPDX-License-Identifier: Apache-2.0

#include "node/scheduler_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/node/quirky_node.h"

namespace naming::node {
namespace {

using Catch::Contains;

constexpr const char* kObject =
    R"({"app_id":"a","env":"dev","remark":"r","clients":{)"
    R"("sh001":{"zones":{"sh002":{"weight":20},"sh001":{"weight":10}}}}})";
constexpr const char* kShown =
    R"({"clients":{"sh001":{"zones":{"sh001":{"weight":10},)"
    R"("sh002":{"weight":20}}}},"remark":""})";

void Write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST_CASE("A scheduler is read in the form of now and as a list",
          "[scheduler_files]") {
  const std::string list = R"([{"src":"sh001","dst":{"sh001":10,"sh002":20}}])";
  for (const std::string& json :
       {std::string(kObject),
        R"({"app_id":"a","env":"dev","zones":)" + list + "}",
        R"({"app_id":"a","env":"dev","clients":)" + list + "}",
        R"({"app_id":"a","env":"dev","scheduler":)" + list + "}"}) {
    CAPTURE(json);
    const absl::StatusOr<SchedulerFile> file = ParseSchedulerFile(json);
    REQUIRE(file.ok());
    CHECK(file->app == AppKey{"dev", "a"});
    CHECK(EncodeScheduler(file->weights, Quirks()) == kShown);
  }
}

TEST_CASE("listed-scheduler: a scheduler is shown as a list", "[quirks]") {
  const ZoneWeights weights{{"sh001", {{"sh001", 10}, {"sh002", 20}}},
                            {"sh002", {{"sh001", 9007199254740993}}}};
  CHECK(EncodeScheduler(weights, Quirks().With(Quirk::kListedScheduler)) ==
        R"([{"src":"sh001","dst":{"sh001":10,"sh002":20}},)"
        R"({"src":"sh002","dst":{"sh001":9007199254740993}}])");
  CHECK_THAT(
      EncodeScheduler(weights, Quirks()),
      Contains(R"("sh002":{"zones":{"sh001":{"weight":9007199254740993})"));
}

TEST_CASE("A malformed scheduler is refused", "[scheduler_files]") {
  const auto cause = [](std::string_view json) {
    const absl::StatusOr<SchedulerFile> file = ParseSchedulerFile(json);
    CHECK(file.status().code() == absl::StatusCode::kInvalidArgument);
    return std::string(file.status().message());
  };
  CHECK(cause("") == "no JSON");
  CHECK(cause("{} {}") == "no JSON");
  CHECK(cause("[]") == "no app_id");
  CHECK(cause(R"({"env":"dev","clients":{}})") == "no app_id");
  CHECK(cause(R"({"app_id":"","env":"dev","clients":{}})") == "no app_id");
  CHECK(cause(R"({"app_id":"a","clients":{}})") == "no env");
  CHECK(cause(R"({"app_id":"a","env":"dev"})") == "no clients");
  CHECK(cause(R"({"app_id":"a","env":"dev","clients":"x"})") == "no clients");
  for (const char* const clients :
       {R"({"z":1})", R"({"z":{}})", R"({"z":{"zones":{"y":10}}})",
        R"({"z":{"zones":{"y":{"weight":"10"}}}})", R"(["z"])",
        R"([{"dst":{}}])", R"([{"src":"z"}])",
        R"([{"src":"z","dst":{"y":"10"}}])"}) {
    CAPTURE(clients);
    CHECK(cause(std::string(R"({"app_id":"a","env":"dev","clients":)") +
                clients + "}") == "bad clients");
  }
}

TEST_CASE("Every JSON file of a directory is read, and no other",
          "[scheduler_files]") {
  const testing::TemporaryDirectory directory;
  Write(directory.File("1.json"), kObject);
  Write(directory.File("2.json"), "{");
  Write(directory.File("3.json"), R"({"app_id":"b","env":"dev","clients":{}})");
  Write(directory.File("4.toml"), R"({"app_id":"c","env":"dev","clients":{}})");
  std::filesystem::create_directory(directory.path() + "/5.json");
  REQUIRE(mkfifo(directory.File("6.json").c_str(), 0600) == 0);
  const absl::StatusOr<SchedulerFiles> files =
      ReadSchedulerFiles(directory.path(), Quirks());
  REQUIRE(files.ok());
  CHECK(files->schedulers ==
        Schedulers{{{"dev", "a"}, kShown},
                   {{"dev", "b"}, R"({"clients":{},"remark":""})"}});
  CHECK(files->malformed ==
        std::vector<std::string>{
            directory.path() + "/2.json: no JSON",
            directory.path() + "/5.json: not a regular file",
            directory.path() + "/6.json: not a regular file"});
}

TEST_CASE("A directory that isn't there is an error", "[scheduler_files]") {
  const testing::TemporaryDirectory directory;
  const absl::StatusOr<SchedulerFiles> files =
      ReadSchedulerFiles(directory.path() + "/none", Quirks());
  CHECK(files.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(files.status().message()),
             Contains("/none: No such file or directory"));
}

TEST_CASE("A scheduler comes with the data of its application",
          "[scheduler_files]") {
  QuirkyNode node;
  node.Register("a", "h1");
  node.Register("b", "h1");
  const RequestId held = node.Hold({"a"});
  node.directory.SetSchedulers({{{{"dev", "a"}, kShown}}, {"x.json: bad"}});
  CHECK(node.Answer(held) == "none");
  REQUIRE(node.log.size() == 1);
  CHECK(node.log[0].message == "node: read scheduler: ignored x.json: bad");
  const std::string with =
      std::string(R"(]},"scheduler":)") + kShown + R"(,"latest_timestamp":T})";
  CHECK_THAT(node.GetBody("/discovery/fetch?env=dev&status=1&appid=a"),
             Contains(with));
  CHECK_THAT(node.GetBody("/discovery/fetchs?env=dev&status=1&appid=b"),
             !Contains("scheduler"));
  CHECK_THAT(node.GetBody("/discovery/polls?env=dev&hostname=p&appid=a"
                          "&latest_timestamp=0"),
             Contains(with));
  node.Register("a", "h2");
  CHECK_THAT(node.Answer(held), Contains(with));
  node.directory.SetSchedulers({});
  CHECK_THAT(node.GetBody("/discovery/fetch?env=dev&status=1&appid=a"),
             !Contains("scheduler"));
}

}  // namespace
}  // namespace naming::node
