// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_SCHEDULER_H_
#define NAMING_SCHEDULER_H_

#include <string_view>
#include <vector>

#include "naming/endpoint.h"
#include "naming/export.h"
#include "naming/schedule.h"

namespace naming {

// Endpoints that get a part of a client's calls together: those of one zone, or
// of all zones when there is nothing to tell them apart.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ZoneShare {
  std::vector<Endpoint> endpoints;
  double share = 1;  // In (0, 1].
};

NAMING_EXPORT bool operator==(const ZoneShare& a, const ZoneShare& b);
NAMING_EXPORT bool operator!=(const ZoneShare& a, const ZoneShare& b);

// Returns which of `endpoints` a client in `client_zone` should call, and how
// much: when `schedule` prescribes zones to it, a share for each of these that
// has a positive weight and endpoints, proportional to the weights; else, or
// when there is no such zone, all endpoints of the client's own zone; when it
// has none, or `client_zone` is empty, all there are. The shares add up to 1,
// and none is without endpoints. Empty only when `endpoints` is. A pure
// function.
NAMING_EXPORT std::vector<ZoneShare> ScheduleZones(
    std::vector<Endpoint> endpoints, const Schedule& schedule,
    std::string_view client_zone);

// Returns the endpoints of all `shares`, the weights in each share scaled so
// that balancers that go by weight give it what it is due. Weights that do so
// already stay as they are. A pure function.
//
// Those that choose by weight alone keep to it exactly. Those that go by load,
// too, do so as far as calls overlap: of endpoints that are equally fast and
// idle the heavier one is always the better, so that with one call in flight at
// a time a P2c or LeastRequests gives it more than it is due.
NAMING_EXPORT std::vector<Endpoint> Join(std::vector<ZoneShare> shares);

}  // namespace naming

#endif  // NAMING_SCHEDULER_H_
