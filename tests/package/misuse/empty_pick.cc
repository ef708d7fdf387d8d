// SPDX-License-Identifier: Apache-2.0
// A Pick is never empty: without an Endpoint there is a Status instead.
// error: no matching function for call to .naming::Pick::Pick

#include "naming/balancer.h"

bool HasEndpoint(naming::Balancer& balancer) {
#ifdef MISUSE
  naming::Pick pick;
  pick = balancer.Choose().value_or(pick);
  return true;
#else
  return balancer.Choose().ok();
#endif
}
