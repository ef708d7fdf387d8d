// SPDX-License-Identifier: Apache-2.0
// One of three members fails: programs go to another one.

#include <signal.h>

#include <chrono>
#include <string>

#include "tests/interop/etcd_fixture.h"

namespace naming::testing {
namespace {

using std::chrono::seconds;

// A client that is connected to the member `index` first, and knows all.
struct ClusterFixture : EtcdFixture {
  ClusterFixture() : EtcdFixture(3) {}

  // Returns the member that `client` uses.
  int MemberOf(const etcd::Client& client) const {
    const std::string node = client.state().node;
    for (int i = 0; i < 3; ++i) {
      if (node == "http://" + server.address(i)) return i;
    }
    return -1;
  }
};

TEST_CASE_METHOD(ClusterFixture,
                 "A member that is killed, or frozen, is left for another",
                 "[etcd][cluster]") {
  const int signal = GENERATE(SIGKILL, SIGSTOP);
  CAPTURE(signal);
  const auto client = Connect(Options());
  const Registration a = Register(*client, "a");
  const Follow follow(*client);
  REQUIRE(follow.Sees({"a"}));
  const int member = MemberOf(*client);
  REQUIRE(member >= 0);
  server.Signal(signal, member);
  const auto began = std::chrono::steady_clock::now();
  const int other = (member + 1) % 3;
  // Somebody else, who isn't touched by it.
  const auto neighbour_options = [&] {
    auto options = Options();
    options.nodes = {server.address(other)};
    return options;
  }();
  const auto neighbour = Connect(neighbour_options);
  const Registration b = Register(*neighbour, "b");
  CHECK(follow.Sees({"a", "b"}));
  CHECK(std::chrono::steady_clock::now() - began < seconds(20));
  CHECK(Holds({"a", "b"}, other));
  CHECK(Eventually(
      [&] { return a.state().is_registered && a.state().last_error.ok(); }));
  CHECK_FALSE(follow.was_emptied());
  if (signal == SIGSTOP) server.Signal(SIGCONT, member);
}

TEST_CASE_METHOD(ClusterFixture,
                 "Without a quorum lists stay, and all comes back with it",
                 "[etcd][cluster]") {
  const auto client = Connect(Options());
  const Registration a = Register(*client, "a");
  const Follow follow(*client);
  REQUIRE(follow.Sees({"a"}));
  // The member that is used stays up, and is cut off from the others.
  const int member = MemberOf(*client);
  REQUIRE(member >= 0);
  for (int i = 0; i < 3; ++i) {
    if (i != member) server.Kill(i);
  }
  CHECK(Eventually([&] { return !a.state().last_error.ok(); }));
  CHECK(follow.names() == Names{"a"});
  for (int i = 0; i < 3; ++i) {
    if (i != member) server.Start(i, false);
  }
  server.AwaitHealth(member);
  CHECK(Eventually(
      [&] { return a.state().is_registered && a.state().last_error.ok(); }));
  const Registration b = Register(*client, "b");
  CHECK(follow.Sees({"a", "b"}));
  CHECK(Holds({"a", "b"}, member));
  CHECK_FALSE(follow.was_emptied());
}

}  // namespace
}  // namespace naming::testing
