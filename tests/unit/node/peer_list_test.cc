// SPDX-License-Identifier: Apache-2.0

#include "node/peer_list.h"

#include <utility>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::node {
namespace {

class PeerListFixture {
 protected:
  void Register(const std::string& zone, const std::string& hostname,
                std::vector<std::string> addrs,
                const std::string& env = "dev") {
    RegisterRequest request;
    request.instance.zone = zone;
    request.instance.env = env;
    request.instance.app_id = kSelfAppId;
    request.instance.hostname = hostname;
    request.instance.addrs = std::move(addrs);
    request.instance.status = kStatusUp;
    store_.Register(std::move(request));
  }

  PeerList List() const { return ListPeers(self_, nodes_, zones_, store_); }

  testing::FakeClock clock_;
  Store store_{clock_};
  NodeIdentity self_{"sh", "sh001", "dev", "node1", "10.0.0.1:7171"};
  std::vector<std::string> nodes_;
  std::map<std::string, std::vector<std::string>> zones_;
};

TEST_CASE_METHOD(PeerListFixture,
                 "Peers are those of the options, but for itself",
                 "[peer_list]") {
  nodes_ = {"10.0.0.1:7171", "10.0.0.2:7171"};
  zones_ = {{"sh002", {"10.0.1.1:7171", "10.0.1.2:7171"}}};
  CHECK(List() == PeerList{{"10.0.0.2:7171", "sh001"},
                           {"10.0.1.1:7171", "sh002"},
                           {"10.0.1.2:7171", "sh002"}});
}

TEST_CASE_METHOD(PeerListFixture, "Nothing that names itself is a peer",
                 "[peer_list]") {
  self_.other_addresses = {"node1:7171", "alias:7171"};
  nodes_ = {"10.0.0.1:7171", "node1:7171", "node2:7171"};
  zones_ = {{"sh002", {"alias:7171"}}};
  Register("sh001", "node9", {"http://node1:7171"});
  CHECK(List() == PeerList{{"node2:7171", "sh001"}});
}

TEST_CASE_METHOD(PeerListFixture, "Peers are those that are registered",
                 "[peer_list]") {
  nodes_ = {"10.0.0.2:7171"};
  Register("sh001", "node2", {"http://10.0.0.2:7171"});
  Register("sh001", "node3", {"http://10.0.0.3:7171", "grpc://10.0.0.3:1"});
  Register("sh002", "node4", {"http://10.0.1.4:7171"});

  SECTION("of every zone") {
    CHECK(List() == PeerList{{"10.0.0.2:7171", "sh001"},
                             {"10.0.0.3:7171", "sh001"},
                             {"10.0.1.4:7171", "sh002"}});
  }
  SECTION("not of other environments") {
    Register("sh001", "node5", {"http://10.0.0.5:7171"}, "prod");
    CHECK(List().size() == 3);
  }
  SECTION("not itself, whatever address it is said to have") {
    Register("sh001", "node1", {"http://10.9.9.9:7171"});
    Register("sh001", "node9", {"http://10.0.0.1:7171"});
    CHECK(List().size() == 3);
  }
  SECTION("with the addresses that a real node's replicas join") {
    Register("sh001", "node6", {"http://10.0.0.6:7171,http://10.0.0.7:7171"});
    CHECK(List().count("10.0.0.6:7171") == 1);
    CHECK(List().count("10.0.0.7:7171") == 1);
  }
  SECTION("not where nobody can connect to") {
    Register("sh001", "node8",
             {"http://0.0.0.0:7171", "http://[::]:7171", "x"});
    CHECK(List().size() == 3);
  }
}

}  // namespace
}  // namespace naming::node
