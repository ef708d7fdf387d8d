// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEGRATION_NODE_CLUSTER_H_
#define NAMING_TESTS_INTEGRATION_NODE_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "naming/node/discovery_node.h"
#include "tests/support/raw_server.h"

namespace naming::testing {

inline constexpr const char* kOk = R"({"code":0,"message":"0","ttl":1})";

// Where a node of a cluster is, when it is there.
class Address {
 public:
  Address(std::string address, std::string zone)
      : address_(std::move(address)), zone_(std::move(zone)) {}

  const std::string& address() const { return address_; }
  const std::string& zone() const { return zone_; }

  // Returns the body of the answer; of a POST, `headers` end in "\r\n" each.
  std::string Post(const std::string& path, const std::string& form,
                   const std::string& headers = "") const;
  std::string Get(const std::string& target) const;

  // Returns whether `text` is in what is known here of an application.
  bool Holds(const std::string& app_id, const std::string& text) const;

  // Returns all instances, without the times that are each node's own.
  std::string Holdings() const;

 private:
  const std::string address_;
  const std::string zone_;
};

// An address, perhaps with a node in this process.
class Place final : public Address {
 public:
  explicit Place(std::string zone);

  std::uint16_t port() const { return port_->port(); }
  node::DiscoveryNode& node() { return *node_; }
  void Start(node::DiscoveryNodeOptions options);
  void Stop() { node_.reset(); }

 private:
  Place(std::unique_ptr<RefusingPort> port, std::string zone);

  const std::unique_ptr<RefusingPort> port_;  // Keeps it for this test.
  std::unique_ptr<node::DiscoveryNode> node_;
};

// Three places in a zone, and what a node at one of them is started with.
struct Cluster {
  Place a{"sh001"};
  Place b{"sh001"};
  Place c{"sh001"};

  node::DiscoveryNodeOptions Options() const;

  // Starts all, and waits until each has found the others.
  void StartAll();

  bool HasAll(const Address& address) const;
};

// Two nodes in one zone, one in another, which have found each other.
struct TwoZones {
  Place a{"sh001"};
  Place b{"sh001"};
  Place c{"sh002"};

  explicit TwoZones(node::DiscoveryNodeOptions options = {});
};

// Returns the parameters that name an instance of env dev.
std::string Key(const std::string& app_id, const std::string& hostname,
                const std::string& zone = "sh001");

// Registers an instance with two addresses in the zone of the node at
// `address`; must succeed.
void Register(const Address& address, const std::string& app_id,
              const std::string& hostname, const std::string& more = "");

// Returns whether all three hold the same.
bool AreEqual(const Address& a, const Address& b, const Address& c);

}  // namespace naming::testing

#endif  // NAMING_TESTS_INTEGRATION_NODE_CLUSTER_H_
