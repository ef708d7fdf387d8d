// SPDX-License-Identifier: Apache-2.0
// Two nodes in processes of their own, of which the one that renewals go to
// hangs, and an instance that is cancelled meanwhile.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "tests/integration/discovery_fixture.h"
#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/node_processes.h"
#include "tests/support/raw_provider.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::NodeProcesses;
using testing::RawProvider;
using Clock = std::chrono::steady_clock;

bool Holds(const NodeProcesses& nodes, std::size_t i) {
  const std::string answer =
      RawProvider(nodes.address(i))
          .Get("/discovery/fetch?env=dev&status=3&appid=" +
               MakeInstance("h1").app_id);
  return answer.find(R"("hostname":"h1")") != std::string::npos;
}

bool IsAnywhere(const NodeProcesses& nodes) {
  return Holds(nodes, 0) || Holds(nodes, 1);
}

// An instance whose node was sent a renewal, and hangs.
struct HungFixture {
  explicit HungFixture(const std::string& quirks,
                       seconds cancel_timeout = seconds(10))
      : nodes(NAMING_NODE_PROGRAM, {quirks, quirks}) {
    ClientOptions options;
    options.nodes = nodes.addresses();
    options.request_timeout = milliseconds(400);
    options.renew_interval = seconds(1);
    options.cancel_timeout = cancel_timeout;
    client = MakeClient(options);
    registration = *client->Register(MakeInstance("h1"));
    const std::string node = registration.state().node;
    hung = node.find(nodes.address(0)) != std::string::npos ? 0 : 1;
    // A node that the other one found away at its own start, and has yet to ask
    // again, gets what was registered meanwhile a little later.
    REQUIRE(testing::Eventually(
        [&] { return Holds(nodes, 0) && Holds(nodes, 1); }));
    nodes.Stop(hung);
    REQUIRE(testing::Eventually(
        [&] { return client->stats().failed_renewals > 0; }));
  }

  NodeProcesses nodes;
  std::unique_ptr<Client> client;
  Registration registration;
  std::size_t hung = 0;
};

TEST_CASE("What a node that hung brings back is cancelled",
          "[promises][own-nodes]") {
  const std::string quirks = GENERATE("", "v1.2.0");
  for (int run = 0; run < 2; ++run) {
    HungFixture f(quirks);
    auto cancelling = testing::AsyncUntilAsleep(
        [&f] { return f.registration.Cancel().ok(); });
    std::this_thread::sleep_for(milliseconds(100 + 50 * run));
    f.nodes.Continue(f.hung);
    CHECK(cancelling.get());
    // What it executed, and told the other one, was before.
    const auto end = Clock::now() + milliseconds(700);
    while (Clock::now() < end) {
      CAPTURE(quirks, run);
      REQUIRE_FALSE(IsAnywhere(f.nodes));
      std::this_thread::sleep_for(milliseconds(20));
    }
  }
}

TEST_CASE("While a node hangs that may bring it back Cancel says so",
          "[promises][own-nodes]") {
  HungFixture f("v1.2.0", seconds(2));
  const absl::Status status = f.registration.Cancel();
  CAPTURE(status.ToString());
  CHECK(absl::IsDeadlineExceeded(status));
  CHECK(status.message().find("may yet execute") != std::string::npos);
  CHECK_FALSE(Holds(f.nodes, 1 - f.hung));
}

}  // namespace
}  // namespace naming::discovery
