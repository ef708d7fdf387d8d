// SPDX-License-Identifier: Apache-2.0
// Two nodes in processes of their own, of which the polled one fails.
//
// Run by ctest, bounds are generous, because the machine may be loaded. The
// real ones are asserted by the cases that are hidden:
//
//   integration-promises "[strict]"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "discovery/protocol.h"
#include "tests/integration/discovery_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/node_processes.h"
#include "tests/support/raw_client.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::NodeProcesses;
using Clock = std::chrono::steady_clock;

constexpr seconds kGenerous{10};

enum class Failure { kKilled, kStopped };

// Registers with one node, which keeps it to itself.
void RegisterAt(const std::string& address, const Instance& instance,
                std::int64_t dirty_timestamp) {
  testing::RawClient client(address);
  REQUIRE(client.Post(
      "/discovery/register",
      RegisterForm(instance, dirty_timestamp) + "&replication=true"));
  REQUIRE(client.ReadAnswer());
}

// Returns how long after the failure of the polled node the other one's next
// change arrived.
Clock::duration Fail(Failure failure, const ClientOptions& options) {
  NodeProcesses nodes(NAMING_NODE_PROGRAM, {"", ""});
  ClientOptions with_nodes = options;
  with_nodes.nodes = nodes.addresses();
  const auto client = MakeClient(with_nodes);
  for (std::size_t i = 0; i < 2; ++i) {
    RegisterAt(nodes.address(i), MakeInstance("h1"), 1);
  }
  const Follower follower(*client);
  REQUIRE(follower.Sees({"h1"}));
  // Whose change arrives is polled.
  RegisterAt(nodes.address(0), MakeInstance("at-0"), 1);
  RegisterAt(nodes.address(1), MakeInstance("at-1"), 1);
  const bool sees_one =
      testing::Eventually([&] { return follower.hostnames().size() == 2; });
  CAPTURE(follower.hostnames(), client->state().node,
          client->state().last_error, client->stats().polls,
          client->stats().failovers);
  REQUIRE(sees_one);
  const std::size_t polled = follower.hostnames().count("at-0") == 1 ? 0 : 1;

  const Clock::time_point began = Clock::now();
  if (failure == Failure::kKilled) {
    nodes.Kill(polled);
  } else {
    nodes.Stop(polled);
  }
  RegisterAt(nodes.address(1 - polled), MakeInstance("next"), 2);
  REQUIRE(testing::Eventually(
      [&] { return follower.FirstSaw("next") != Clock::time_point(); }));
  return follower.FirstSaw("next") - began;
}

double InMilliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// A read of a poll ends after 1.5 s.
ClientOptions HastyOptions() {
  ClientOptions options;
  options.poll_hold = seconds(1);
  options.request_timeout = milliseconds(500);
  return options;
}

TEST_CASE("When the polled node is killed the other one's next change arrives",
          "[promises][own-nodes]") {
  for (int run = 0; run < 3; ++run) {
    CHECK(Fail(Failure::kKilled, ClientOptions()) < kGenerous);
  }
}

TEST_CASE("When the polled node hangs the other one's next change arrives",
          "[promises][own-nodes]") {
  CHECK(Fail(Failure::kStopped, HastyOptions()) < kGenerous);
}

TEST_CASE("A killed node costs at most 200 ms, 20 times of 20", "[.][strict]") {
  for (int run = 0; run < 20; ++run) {
    CAPTURE(run);
    const auto took = Fail(Failure::kKilled, ClientOptions());
    WARN("after " << InMilliseconds(took) << " ms");
    CHECK(took < milliseconds(200));
  }
}

TEST_CASE("A hung node costs at most the read's time-out, 5 times of 5",
          "[.][strict]") {
  for (int run = 0; run < 5; ++run) {
    CAPTURE(run);
    const auto took = Fail(Failure::kStopped, HastyOptions());
    WARN("after " << InMilliseconds(took) << " ms");
    CHECK(took < milliseconds(1500 + 200));
  }
}

}  // namespace
}  // namespace naming::discovery
