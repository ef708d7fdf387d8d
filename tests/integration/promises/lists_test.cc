// SPDX-License-Identifier: Apache-2.0
// Several applications in one request, which old nodes take in another form.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "naming/node/discovery_node.h"
#include "tests/integration/discovery_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/raw_provider.h"

namespace naming::discovery {
namespace {

using testing::RawProvider;

void Register(const node::DiscoveryNode& node, const std::string& app_id,
              const std::string& hostname) {
  REQUIRE_FALSE(RawProvider(node.address())
                    .Register(MakeInstance(hostname, app_id))
                    .empty());
}

TEST_CASE("Every application of one request gets its list and its changes",
          "[promises]") {
  const auto node = StartNode();
  const std::vector<std::string> app_ids = {"list.a", "list.b", "list.c"};
  for (const std::string& app_id : app_ids) Register(*node, app_id, "h1");
  const auto client = MakeClient(*node);
  std::vector<std::unique_ptr<Follower>> followers;
  for (const std::string& app_id : app_ids) {
    followers.push_back(std::make_unique<Follower>(*client, app_id));
  }
  for (const auto& follower : followers) CHECK(follower->Sees({"h1"}));
  for (std::size_t i = app_ids.size(); i-- > 0;) {
    CAPTURE(app_ids[i]);
    const std::uint64_t pushes = client->stats().pushes;
    Register(*node, app_ids[i], "h2");
    CHECK(followers[i]->Sees({"h1", "h2"}));
    CHECK(client->stats().pushes > pushes);  // The refresh is no help.
  }
}

TEST_CASE("An application that there isn't keeps nothing from the others",
          "[promises]") {
  const auto node = StartNode();
  Register(*node, "list.b", "h1");
  const auto client = MakeClient(*node);
  const Follower a(*client, "list.a");
  const Follower b(*client, "list.b");
  const Follower c(*client, "list.c");
  CHECK(b.Sees({"h1"}));
  Register(*node, "list.b", "h2");
  CHECK(b.Sees({"h1", "h2"}));
  Register(*node, "list.c", "h3");
  CHECK(c.Sees({"h3"}));
  Register(*node, "list.a", "h4");
  CHECK(a.Sees({"h4"}));
  Register(*node, "list.b", "h5");
  CHECK(b.Sees({"h1", "h2", "h5"}));
}

TEST_CASE("A node may come back as one that reads requests otherwise",
          "[promises]") {
  node::DiscoveryNodeOptions options;
  options.quirks = {"v1.1.1"};
  auto node = StartNode(options);
  options.listen = node->address();
  const auto client = MakeClient(*node);
  const Follower a(*client, "list.a");
  const Follower b(*client, "list.b");
  std::vector<std::string> versions = {"v1.1.1", "v1.2.0", "v1.1.1"};
  for (std::size_t i = 0; i < versions.size(); ++i) {
    CAPTURE(i);
    node.reset();
    options.quirks = {versions[i]};
    node = StartNode(options);
    const std::string hostname = "h" + std::to_string(i);
    for (const char* const app_id : {"list.a", "list.b"}) {
      Register(*node, app_id, hostname);
      Register(*node, app_id, hostname + "-two");
    }
    CHECK(testing::Eventually(
        [&] { return a.hostnames().count(hostname + "-two") == 1; }));
    CHECK(testing::Eventually(
        [&] { return b.hostnames().count(hostname + "-two") == 1; }));
  }
}

}  // namespace
}  // namespace naming::discovery
