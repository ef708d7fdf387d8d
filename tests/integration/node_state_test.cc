// SPDX-License-Identifier: Apache-2.0
// A node whose instances outlive its restart.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "naming/node/discovery_node.h"
#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/temporary_directory.h"

namespace naming::node {
namespace {

using std::chrono::seconds;
using testing::BodyOf;
using testing::Eventually;
using testing::Exchange;
using testing::HttpGet;
using testing::HttpPost;
using testing::TemporaryDirectory;

std::unique_ptr<DiscoveryNode> StartNode(const std::string& state_file,
                                         LogSink log_sink = nullptr) {
  DiscoveryNodeOptions options;
  options.state_file = state_file;
  options.log_sink = std::move(log_sink);
  auto node = DiscoveryNode::Start(std::move(options));
  INFO(node.status());
  REQUIRE(node.ok());
  return *std::move(node);
}

void Register(const DiscoveryNode& node, const std::string& hostname) {
  const std::string answer = BodyOf(Exchange(
      node.address(),
      HttpPost("/discovery/register",
               "env=dev&zone=zone01&appid=main.account&status=1&version=v7"
               "&metadata=%7B%22weight%22%3A%225%22%7D"
               "&addrs=http%3A%2F%2F1.1.1.1%3A80&hostname=" +
                   hostname)));
  REQUIRE(answer == R"({"code":0,"message":"0","ttl":1})");
}

std::string Fetch(const DiscoveryNode& node) {
  return BodyOf(Exchange(
      node.address(),
      HttpGet("/discovery/fetch?env=dev&status=3&appid=main.account")));
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Returns "{…}" of the only instance.
std::string InstanceOf(const std::string& answer) {
  const std::size_t begin = answer.find("[{");
  return answer.substr(begin, answer.find("}]") - begin);
}

TEST_CASE("Instances outlive a restart as they were", "[node][state]") {
  const TemporaryDirectory directory;
  const std::string file = directory.File("state.json");
  auto node = StartNode(file);
  Register(*node, "h1");
  const std::string before = InstanceOf(Fetch(*node));
  node = nullptr;
  node = StartNode(file);
  CHECK(InstanceOf(Fetch(*node)) == before);
}

TEST_CASE("A change is in the file soon after", "[node][state]") {
  const TemporaryDirectory directory;
  const std::string file = directory.File("state.json");
  const auto node = StartNode(file);
  Register(*node, "h1");
  node->AdvanceClock(seconds(1));
  CHECK(Eventually([&] {
    std::ifstream stream(file);
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    return Contains(text, "\"h1\"");
  }));
}

TEST_CASE("After a restart an instance is as long silent as it is",
          "[node][state]") {
  const TemporaryDirectory directory;
  const std::string file = directory.File("state.json");
  auto node = StartNode(file);
  Register(*node, "h1");
  std::string text;
  node = nullptr;
  {
    std::ifstream stream(file);
    std::getline(stream, text);
  }
  // The node's own entry comes first.
  const std::size_t at = text.rfind("\"renew_timestamp\":") + 18;
  const std::int64_t renewed = std::stoll(text.substr(at, 19));
  const auto start_with = [&](std::int64_t renew_timestamp) {
    node = nullptr;
    std::string aged = text;
    aged.replace(at, 19, std::to_string(renew_timestamp));
    std::ofstream(file) << aged;
    node = StartNode(file);
  };
  SECTION("beyond its lease it goes at the next sweep") {
    start_with(renewed - 600'000'000'000);
    CHECK(Contains(Fetch(*node), "h1"));
    node->AdvanceClock(seconds(61));
    CHECK_FALSE(Contains(Fetch(*node), "h1"));
  }
  SECTION("for more than an hour it isn't taken back") {
    const std::int64_t long_ago =
        GENERATE(std::int64_t{0}, std::numeric_limits<std::int64_t>::min());
    start_with(long_ago == 0 ? renewed - 3'700'000'000'000 : long_ago);
    CHECK_FALSE(Contains(Fetch(*node), "h1"));
  }
}

TEST_CASE("A file that isn't a node's state is reported and ignored",
          "[node][state]") {
  const std::string text = GENERATE(
      std::string(), std::string("{\"naming_node_state\":1,\"apps\":{"),
      std::string("{\"naming_node_state\":2,\"apps\":{}}"),
      std::string("[1,2,3]"), std::string("\0\1\2", 3));
  const TemporaryDirectory directory;
  const std::string file = directory.File("state.json");
  std::ofstream(file) << text;
  base::Mutex mutex;
  std::vector<std::string> log;
  auto node = StartNode(file, [&](const LogRecord& record) {
    base::MutexLock lock(mutex);
    log.push_back(record.message);
  });
  Register(*node, "h1");
  {
    base::MutexLock lock(mutex);
    REQUIRE(log.size() == 1);
    CHECK(Contains(log[0], "node: state file " + file + ": ignored, kept as " +
                               file + ".unreadable: "));
  }
  std::ifstream aside(file + ".unreadable");
  CHECK(std::string((std::istreambuf_iterator<char>(aside)),
                    std::istreambuf_iterator<char>()) == text);
  node = nullptr;
  node = StartNode(file);
  CHECK(Contains(Fetch(*node), "h1"));
}

TEST_CASE("A file that can't be written is reported once, and life goes on",
          "[node][state]") {
  auto directory = std::make_unique<TemporaryDirectory>();
  const std::string file = directory->File("state.json");
  base::Mutex mutex;
  std::vector<std::string> log;
  const auto reports = [&] {
    base::MutexLock lock(mutex);
    return log;
  };
  const auto node = StartNode(file, [&](const LogRecord& record) {
    base::MutexLock lock(mutex);
    if (Contains(record.message, file)) log.push_back(record.message);
  });
  directory = nullptr;
  Register(*node, "h1");
  node->AdvanceClock(seconds(1));
  REQUIRE(Eventually([&] { return !reports().empty(); }));
  CHECK(Contains(reports()[0], "node: state file " + file + ": can't create"));
  Register(*node, "h2");
  node->AdvanceClock(seconds(60));
  CHECK(Contains(Fetch(*node), "h2"));
  CHECK(reports().size() == 1);
}

TEST_CASE("A node doesn't start when its state's directory can't be written to",
          "[node][state]") {
  const TemporaryDirectory directory;
  DiscoveryNodeOptions options;
  options.state_file = directory.File("missing/state.json");
  const auto node = DiscoveryNode::Start(std::move(options));
  REQUIRE_FALSE(node.ok());
  CHECK(absl::IsInvalidArgument(node.status()));
  CHECK(Contains(std::string(node.status().message()),
                 "node: options.state_file: "));
}

TEST_CASE("Writing the state leaves no other file behind", "[node][state]") {
  const TemporaryDirectory directory;
  auto node = StartNode(directory.File("state.json"));
  Register(*node, "h1");
  node = nullptr;
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory.path())) {
    names.push_back(entry.path().filename());
  }
  CHECK(names == std::vector<std::string>{"state.json"});
}

}  // namespace
}  // namespace naming::node
