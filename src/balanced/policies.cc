// SPDX-License-Identifier: Apache-2.0

#include "balanced/policies.h"

#include <cstddef>
#include <utility>

#include "naming/scheduler.h"

namespace naming::balanced {

Policies PoliciesFor(const Target& target, const BalancedOptions& options,
                     std::string client_id) {
  Policies policies;
  policies.filter = options.filter;
  if (!target.clusters.empty()) policies.filter.clusters = target.clusters;
  if (target.addr_scheme) policies.filter.addr_scheme = *target.addr_scheme;
  policies.client_zone = target.zone.value_or(options.client_zone);
  policies.subset.method = options.subset_method;
  policies.subset.size =
      static_cast<std::size_t>(target.subset.value_or(options.subset));
  policies.subset.client_id =
      options.client_id.empty() ? std::move(client_id) : options.client_id;
  return policies;
}

std::vector<Endpoint> Apply(const Policies& policies,
                            const Snapshot& snapshot) {
  return Join(SubsetOf(ScheduleZones(EndpointsOf(snapshot, policies.filter),
                                     snapshot.schedule, policies.client_zone),
                       policies.subset));
}

}  // namespace naming::balanced
