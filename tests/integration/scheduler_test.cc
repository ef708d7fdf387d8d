// SPDX-License-Identifier: Apache-2.0
// A node that serves schedulers from a directory.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/node/discovery_node.h"
#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace naming::node {
namespace {

using Catch::Contains;
using testing::BodyOf;
using testing::Eventually;
using testing::Exchange;
using testing::HttpGet;
using testing::HttpPost;
using testing::Masked;
using testing::Process;
using testing::TcpConnection;
using testing::TemporaryDirectory;

// The file and the answer of the real server's transcript.
constexpr const char* kFile =
    R"({"app_id":"sched.app","env":"dev","clients":{"sh001":{"zones":)"
    R"({"sh001":{"weight":10},"sh002":{"weight":20}}}},"remark":"r"})";
constexpr const char* kAnswer =
    R"({"code":0,"message":"0","ttl":1,"data":{"instances":{"sh001":[)"
    R"({"region":"sh","zone":"sh001","env":"dev","appid":"sched.app",)"
    R"("hostname":"h1","addrs":["http://127.0.0.1:8000"],"version":"",)"
    R"("metadata":{},"status":1,"reg_timestamp":T,"up_timestamp":T,)"
    R"("renew_timestamp":T,"dirty_timestamp":T,"latest_timestamp":T}]},)"
    R"("scheduler":{"clients":{"sh001":{"zones":{"sh001":{"weight":10},)"
    R"("sh002":{"weight":20}}}},"remark":""},"latest_timestamp":T}})";

void Write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string WithWeight(int weight) {
  return R"({"app_id":"sched.app","env":"dev","clients":{"z":{"zones":)"
         R"({"z":{"weight":)" +
         std::to_string(weight) + "}}}}}";
}

void Register(const std::string& address) {
  Exchange(address,
           HttpPost("/discovery/register",
                    "region=sh&zone=sh001&env=dev&appid=sched.app&hostname=h1"
                    "&status=1&addrs=http%3A%2F%2F127.0.0.1%3A8000"));
}

std::string Fetch(const std::string& address) {
  return Masked(BodyOf(Exchange(
      address, HttpGet("/discovery/fetch?env=dev&appid=sched.app&status=1"))));
}

// What a node has logged, from its own thread.
class Log {
 public:
  LogSink sink() {
    return [this](const LogRecord& record) {
      base::MutexLock lock(mutex_);
      messages_.push_back(record.message);
    };
  }

  std::vector<std::string> messages() {
    base::MutexLock lock(mutex_);
    return messages_;
  }

 private:
  base::Mutex mutex_;
  std::vector<std::string> messages_ ABSL_GUARDED_BY(mutex_);
};

TEST_CASE("A scheduler is served as the real server serves it", "[scheduler]") {
  const TemporaryDirectory directory;
  Write(directory.File("sched.json"), kFile);
  DiscoveryNodeOptions options;
  options.scheduler_dir = directory.path();
  const auto node = DiscoveryNode::Start(options);
  REQUIRE(node.ok());
  Register((*node)->address());
  CHECK(Fetch((*node)->address()) == kAnswer);
}

TEST_CASE("Schedulers that are read again are served from then on",
          "[scheduler]") {
  const TemporaryDirectory directory;
  Log log;
  DiscoveryNodeOptions options;
  options.scheduler_dir = directory.path();
  options.log_sink = log.sink();
  const auto node = DiscoveryNode::Start(options);
  REQUIRE(node.ok());
  const std::string address = (*node)->address();
  Register(address);
  CHECK_THAT(Fetch(address), !Contains("scheduler"));

  TcpConnection poll(address);
  poll.Send(
      HttpGet("/discovery/polls?env=dev&hostname=p&appid=sched.app"
              "&latest_timestamp=9000000000000000000"));
  Write(directory.File("good.json"), kFile);
  Write(directory.File("bad.json"), "{");
  REQUIRE((*node)->ReloadSchedulers().ok());
  CHECK(Fetch(address) == kAnswer);
  CHECK(log.messages() ==
        std::vector<std::string>{"node: read scheduler: ignored " +
                                 directory.File("bad.json") + ": no JSON"});
  CHECK_FALSE(poll.HasBytes());  // For this wakes nobody.

  Register(address);
  CHECK_THAT(poll.ReadAnswer(), Contains(R"("scheduler":{"clients":)"));
  std::filesystem::remove_all(directory.path());
  CHECK((*node)->ReloadSchedulers().code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(Fetch(address) == kAnswer);
}

TEST_CASE("A node without schedulers has none to read again", "[scheduler]") {
  const auto node = DiscoveryNode::Start({});
  REQUIRE(node.ok());
  CHECK((*node)->ReloadSchedulers().ok());
  (*node)->Stop();
  CHECK((*node)->ReloadSchedulers().ok());
}

TEST_CASE("A directory of schedulers that isn't there stops the start",
          "[scheduler]") {
  const TemporaryDirectory directory;
  DiscoveryNodeOptions options;
  options.scheduler_dir = directory.File("none");
  const auto node = DiscoveryNode::Start(options);
  CHECK(node.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(node.status().message()),
             Contains("options.scheduler_dir") && Contains("none"));
}

#ifdef NAMING_NODE_PROGRAM
TEST_CASE("naming-node reads its schedulers again on SIGHUP", "[scheduler]") {
  const TemporaryDirectory directory;
  Write(directory.File("bad.json"), "{");
  Write(directory.File("sched.json"), WithWeight(10));
  Process program({NAMING_NODE_PROGRAM, "--listen", "127.0.0.1:0",
                   "--scheduler", directory.path()});
  const std::string line = program.ReadLine().value_or("");
  const std::string address = line.substr(line.rfind('/') + 1);
  Register(address);
  CHECK_THAT(Fetch(address), Contains(R"("weight":10)"));
  CHECK_THAT(program.error_text(), Contains("bad.json"));
  Write(directory.File("sched.json"), WithWeight(20));
  program.Signal(SIGHUP);
  CHECK(Eventually([&] {
    return Fetch(address).find(R"("weight":20)") != std::string::npos;
  }));
  program.Signal(SIGTERM);
  CHECK(program.Wait() == 0);
}
#endif

}  // namespace
}  // namespace naming::node
