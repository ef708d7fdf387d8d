// SPDX-License-Identifier: Apache-2.0

#include "naming/filter.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace naming {
namespace {

// Returns the value of `key`; "" when there is none.
std::string_view Metadata(const Instance& instance, std::string_view key) {
  const auto it = instance.metadata.find(std::string(key));
  return it == instance.metadata.end() ? std::string_view() : it->second;
}

bool Passes(const Instance& instance, const Filter& filter) {
  if (instance.status != Instance::Status::kUp) return false;
  const auto& clusters = filter.clusters;
  if (!clusters.empty() &&
      std::find(clusters.begin(), clusters.end(),
                Metadata(instance, kMetadataCluster)) == clusters.end()) {
    return false;
  }
  if (!filter.version.empty() && instance.version != filter.version) {
    return false;
  }
  for (const auto& wanted : filter.metadata) {
    const auto it = instance.metadata.find(wanted.first);
    if (it == instance.metadata.end() || *it != wanted) return false;
  }
  return !filter.predicate || filter.predicate(instance);
}

std::optional<Endpoint> FirstEndpoint(
    const std::shared_ptr<const Instance>& instance,
    const std::string& addr_scheme) {
  for (const std::string& addr : instance->addrs) {
    absl::StatusOr<Endpoint> endpoint = Endpoint::Create(addr, instance);
    if (!endpoint.ok()) continue;
    if (addr_scheme.empty() || endpoint->scheme == addr_scheme) {
      return *std::move(endpoint);
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Endpoint> EndpointsOf(const Snapshot& snapshot,
                                  const Filter& filter) {
  std::vector<Endpoint> endpoints;
  std::set<std::string> addresses;
  const std::string addr_scheme = base::ToLower(filter.addr_scheme);
  for (const auto& instance : snapshot.AllInstances()) {
    if (instance == nullptr || !Passes(*instance, filter)) continue;
    std::optional<Endpoint> endpoint = FirstEndpoint(instance, addr_scheme);
    if (endpoint && addresses.insert(endpoint->address).second) {
      endpoints.push_back(*std::move(endpoint));
    }
  }
  return endpoints;
}

}  // namespace naming
