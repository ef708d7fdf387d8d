// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_SNAPSHOT_H_
#define NAMING_SNAPSHOT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "naming/export.h"
#include "naming/instance.h"
#include "naming/schedule.h"

namespace naming {

// All Instances of one application at one revision, by zone.
//
// Immutable once published and always held as std::shared_ptr<const Snapshot>;
// safe to keep for as long as one likes. An Instance that a change did not
// touch is the same object in the next Snapshot, so pointers tell what changed.
//
// Thread-compatible. A value; `==` compares contents, the revision included.
struct NAMING_EXPORT Snapshot {
  using Instances = std::vector<std::shared_ptr<const Instance>>;

  std::string app_id;

  // Counts the changes that this client saw, from 1 on. Grows with each
  // Snapshot of one application within one Client; means nothing to others.
  std::int64_t revision = 0;

  // Zone → its Instances, ordered by hostname; no zone is empty.
  std::map<std::string, Instances> zones;

  // What the registry prescribes; see Schedule.
  Schedule schedule;

  // Set while the list comes from a snapshot file, and no node's list has taken
  // its place, which an empty one may do only after a while (ShrinkPolicy):
  // when a node last gave it, to within a quarter of an hour. Empty: the list
  // is the registry's, as it was when it was last in reach; the Client's
  // state() tells whether it is.
  std::optional<std::chrono::system_clock::time_point> stale_since;

  // Returns the number of Instances in all zones.
  std::size_t size() const;

  // Returns the Instances of all zones, ordered by zone, then by hostname.
  Instances AllInstances() const;
};

NAMING_EXPORT bool operator==(const Snapshot& a, const Snapshot& b);
NAMING_EXPORT bool operator!=(const Snapshot& a, const Snapshot& b);

}  // namespace naming

#endif  // NAMING_SNAPSHOT_H_
