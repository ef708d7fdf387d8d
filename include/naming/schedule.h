// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_SCHEDULE_H_
#define NAMING_SCHEDULE_H_

#include <cstdint>
#include <map>
#include <string>

#include "naming/export.h"

namespace naming {

// The weights of zones that a registry prescribes to a client's zone.
//
// Thread-compatible. A value.
struct NAMING_EXPORT Schedule {
  // Zone of the Instances to call → its weight, as the registry gave it: it may
  // be zero or negative, and the zone may have no Instances.
  using ZoneWeights = std::map<std::string, std::int64_t>;

  // client_zone → the zones that its clients should call. Empty: nothing is
  // prescribed.
  std::map<std::string, ZoneWeights> clients;
};

NAMING_EXPORT bool operator==(const Schedule& a, const Schedule& b);
NAMING_EXPORT bool operator!=(const Schedule& a, const Schedule& b);

}  // namespace naming

#endif  // NAMING_SCHEDULE_H_
