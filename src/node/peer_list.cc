// SPDX-License-Identifier: Apache-2.0

#include "node/peer_list.h"

#include <optional>

#include "base/url.h"
#include "node/peer_protocol.h"

namespace naming::node {
namespace {

bool CanConnect(const base::HostPort& host_port) {
  return host_port.port != 0 && host_port.host != "0.0.0.0" &&
         host_port.host != "::";
}

std::vector<std::string> HttpAddresses(const StoredInstance& node) {
  std::vector<std::string> addresses;
  // Replicas of a real node hold all addresses as one.
  for (const std::string& addr : SplitAddresses(node.addrs)) {
    const std::optional<base::Address> address = base::ParseAddress(addr);
    if (address && address->scheme == "http" &&
        CanConnect(address->host_port)) {
      addresses.push_back(address->host_port.ToString());
    }
  }
  return addresses;
}

}  // namespace

PeerList ListPeers(const NodeIdentity& self,
                   const std::vector<std::string>& nodes,
                   const std::map<std::string, std::vector<std::string>>& zones,
                   const Store& store) {
  PeerList peers;
  for (const std::string& node : nodes) peers.emplace(node, self.zone);
  for (const auto& [zone, addresses] : zones) {
    for (const std::string& address : addresses) peers.emplace(address, zone);
  }
  const std::optional<AppView> registered = store.Fetch(
      {self.env, std::string(kSelfAppId)}, "", kStatusUp | kStatusWaiting);
  if (registered) {
    for (const auto& [zone, instances] : registered->zones) {
      for (const StoredInstance* const node : instances) {
        if (zone == self.zone && node->hostname == self.hostname) continue;
        for (const std::string& address : HttpAddresses(*node)) {
          peers.emplace(address, zone);
        }
      }
    }
  }
  peers.erase(self.address);
  for (const std::string& address : self.other_addresses) peers.erase(address);
  return peers;
}

}  // namespace naming::node
