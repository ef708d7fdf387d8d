// SPDX-License-Identifier: Apache-2.0
// Polls that nodes would mix up, and polls that bring nothing.

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/integration/discovery_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/raw_provider.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;
using testing::Process;
using testing::RawProvider;
using Clock = std::chrono::steady_clock;

std::unique_ptr<node::DiscoveryNode> StartQuirkyNode() {
  node::DiscoveryNodeOptions options;
  options.quirks = {"shared-poll-channels"};
  return StartNode(std::move(options));
}

// Follows one application, then a second one that changes at once. Returns the
// longest time that the change took of so many runs.
Clock::duration ChangeTheSecondAtOnce(int runs) {
  Clock::duration longest{};
  const auto node = StartQuirkyNode();
  const RawProvider raw(node->address());
  for (int run = 0; run < runs; ++run) {
    const std::string first_id = absl::StrFormat("first%d", run);
    const std::string second_id = absl::StrFormat("second%d", run);
    raw.Register(MakeInstance("h1", first_id));
    raw.Register(MakeInstance("h1", second_id));
    const auto client = MakeClient(*node);
    const Follower first(*client, first_id);
    REQUIRE(first.Sees({"h1"}));
    const Follower second(*client, second_id);
    const Clock::time_point began = Clock::now();
    raw.Register(MakeInstance("h2", second_id));
    CAPTURE(run);
    REQUIRE(second.Sees({"h1", "h2"}));
    longest = std::max(longest, second.FirstSaw("h2") - began);
  }
  return longest;
}

TEST_CASE("A second application that changes at once is seen at once",
          "[promises]") {
  CHECK(ChangeTheSecondAtOnce(50) < seconds(10));
}

TEST_CASE("A second application's change takes at most 100 ms, 50 times of 50",
          "[.][strict]") {
  const auto longest = ChangeTheSecondAtOnce(50);
  const std::chrono::duration<double, std::milli> in_ms = longest;
  WARN("at most " << in_ms.count() << " ms");
  CHECK(longest < milliseconds(100));
}

// Returns whether the program prints a line with `text` in it.
bool Prints(Process& program, const std::string& text) {
  while (const std::optional<std::string> line = program.ReadLine()) {
    if (line->find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("Ten processes with one host name each see every change",
          "[promises]") {
  const auto node = StartQuirkyNode();
  const RawProvider raw(node->address());
  raw.Register(MakeInstance("h0"));
  std::vector<std::unique_ptr<Process>> programs;
  for (int i = 0; i < 10; ++i) {
    programs.push_back(std::make_unique<Process>(
        std::vector<std::string>{NAMINGCTL_PROGRAM, "watch", "--nodes",
                                 node->address(), "--output", "json",
                                 "demo.app"},
        std::vector<std::string>{"HOSTNAME=one-name"}));
  }
  for (int change = 0; change < 5; ++change) {
    const std::string hostname = absl::StrFormat("h%d", change);
    if (change > 0) raw.Register(MakeInstance(hostname));
    for (const auto& program : programs) {
      CAPTURE(change);
      CHECK(Prints(*program, "\"" + hostname + "\""));
    }
  }
}

TEST_CASE("An update is a register, never a set", "[promises]") {
  const auto node = StartNode();
  const auto client = MakeClient(*node);
  auto registration = client->Register(MakeInstance("h1"));
  REQUIRE(registration.ok());
  Instance changed = registration->instance();
  changed.metadata["weight"] = "20";
  changed.status = Instance::Status::kWaiting;
  CHECK(registration->Update(changed).ok());
  int registers = 0;
  for (const auto& request : node->requests()) {
    CHECK(request.path != "/discovery/set");
    registers += request.path == "/discovery/register" ? 1 : 0;
  }
  CHECK(registers == 2);
}

TEST_CASE("An application that only waits costs one held poll", "[promises]") {
  node::DiscoveryNodeOptions options;
  options.quirks = {GENERATE("", "v1.1.1", "v1.1.2", "v1.2.0")};
  if (options.quirks[0].empty()) options.quirks.clear();
  const auto node = StartNode(std::move(options));
  const RawProvider raw(node->address());
  Instance waiting = MakeInstance("h1");
  waiting.status = Instance::Status::kWaiting;
  raw.Register(waiting);
  const auto client = MakeClient(*node);
  const Follower follower(*client);
  CHECK(follower.Sees({}));
  const auto polls = [&node] {
    const auto requests = node->requests();
    return std::count_if(requests.begin(), requests.end(), [](const auto& one) {
      return one.path == "/discovery/polls";
    });
  };
  const auto is_held = [&node] {
    const auto requests = node->requests();
    return std::any_of(requests.begin(), requests.end(), [](const auto& one) {
      return one.path == "/discovery/polls" &&
             one.outcome == node::RequestOutcome::kPending;
    });
  };
  REQUIRE(Eventually(is_held));
  CHECK(polls() <= 2);
  // Each change of what waits brings an empty list, and a new version.
  for (int i = 2; i < 5; ++i) {
    waiting.hostname = absl::StrFormat("h%d", i);
    raw.Register(waiting);
    REQUIRE(Eventually(is_held));
  }
  CHECK(polls() <= 5);
  CHECK(follower.hostnames().empty());
}

}  // namespace
}  // namespace naming::discovery
