// SPDX-License-Identifier: Apache-2.0

#include "naming/filter.h"

#include <memory>
#include <string>
#include <utility>

namespace naming {

std::vector<Endpoint> EndpointsOf(const Snapshot& snapshot,
                                  std::string_view addr_scheme) {
  std::vector<Endpoint> endpoints;
  for (const auto& instance : snapshot.AllInstances()) {
    for (const std::string& addr : instance->addrs) {
      absl::StatusOr<Endpoint> endpoint = Endpoint::Create(addr, instance);
      if (!endpoint.ok()) continue;
      if (!addr_scheme.empty() && endpoint->scheme != addr_scheme) continue;
      endpoints.push_back(*std::move(endpoint));
      break;
    }
  }
  return endpoints;
}

}  // namespace naming
