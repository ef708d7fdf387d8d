// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_POLICIES_H_
#define NAMING_BALANCED_POLICIES_H_

#include <string>
#include <vector>

#include "naming/balanced.h"
#include "naming/endpoint.h"
#include "naming/filter.h"
#include "naming/snapshot.h"
#include "naming/subset.h"
#include "naming/target.h"

namespace naming::balanced {

// What a Target and options ask for together.
struct Policies {
  Filter filter;
  std::string client_zone;
  SubsetOptions subset;
};

// Returns the policies of `options` as `target` overrides them. `client_id` is
// for options that have none.
Policies PoliciesFor(const Target& target, const BalancedOptions& options,
                     std::string client_id);

// Returns what they leave of `snapshot`: Filter, Scheduler and Subset in turn.
std::vector<Endpoint> Apply(const Policies& policies, const Snapshot& snapshot);

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_POLICIES_H_
