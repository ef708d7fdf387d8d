// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_SUBSET_H_
#define NAMING_SUBSET_H_

#include <cstddef>
#include <string>
#include <vector>

#include "naming/endpoint.h"
#include "naming/export.h"
#include "naming/scheduler.h"

namespace naming {

// How a client chooses the endpoints that are its own.
enum class SubsetMethod {
  // By rendezvous hashing: each client ranks the endpoints in an order of its
  // own. An endpoint that leaves is replaced, by one other, for the clients
  // that
  // had it, and for no one else.
  kRendezvous,
  // On the hash ring of Kratos v2, to choose exactly what a Kratos client of
  // the
  // same id chooses. Less even.
  kKratosRing,
};

// How many endpoints one client dials, and which.
//
// Thread-compatible. A value.
struct NAMING_EXPORT SubsetOptions {
  SubsetMethod method = SubsetMethod::kRendezvous;

  // At most this many; 0 means all, or with several shares as many as keep to
  // them.
  std::size_t size = 0;

  // Tells clients apart: those with one id choose alike.
  std::string client_id;
};

NAMING_EXPORT bool operator==(const SubsetOptions& a, const SubsetOptions& b);
NAMING_EXPORT bool operator!=(const SubsetOptions& a, const SubsetOptions& b);

// Returns `options.size` of `endpoints`, or all when there are no more: by
// rendezvous in the order in which they came, from the ring in the ring's
// order. A pure function.
NAMING_EXPORT std::vector<Endpoint> SubsetOf(std::vector<Endpoint> endpoints,
                                             const SubsetOptions& options);

// Returns `shares` with as many endpoints of each as come closest to the
// shares, so that balancers that don't go by weight keep to them, too: at most
// `options.size` in all, but one of each share at least. A single share is a
// plain subset. A pure function.
//
// So with several shares a size of 0 doesn't mean all: where a share has few
// endpoints for what it is due, the others are cut down to match, which is the
// rule of Kratos' ScheduleNode. Of zones of 60, 30 and 1 endpoints that are due
// a third each, one endpoint each is left. Who wants all of them called, by
// weight, joins the shares without a subset.
NAMING_EXPORT std::vector<ZoneShare> SubsetOf(std::vector<ZoneShare> shares,
                                              const SubsetOptions& options);

}  // namespace naming

#endif  // NAMING_SUBSET_H_
