// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_ZONES_H_
#define NAMING_CORE_ZONES_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/list.h"
#include "naming/instance.h"
#include "naming/snapshot.h"

namespace naming::core {

// Zone → its Instances, ordered by hostname; no zone is empty.
using Zones = std::map<std::string, Snapshot::Instances>;

// Finds Instances among those of a Snapshot, without a search when they are
// asked for in its order.
//
// Thread-compatible.
class Finder final {
 public:
  // `snapshot` outlives it; null: there is nothing to find.
  explicit Finder(const Snapshot* snapshot);

  // Returns null when there is none.
  std::shared_ptr<const Instance> Find(std::string_view zone,
                                       std::string_view hostname);

  // Returns whether `object` is the one behind the one found last, and counts
  // it as found then.
  bool IsNext(const std::shared_ptr<const Instance>& object);

  // Returns whether the one found last is the last of all.
  bool IsAtEnd();

 private:
  bool EnterZone(std::string_view zone);
  void LeaveEndedZone();

  const Zones none_;
  const Zones& zones_;
  Zones::const_iterator zone_;
  std::size_t next_ = 0;  // In `zone_`.
};

// Returns the Instances of `list`. Those that `previous` has too are its
// objects.
Zones MakeZones(List list, const Snapshot* previous);

// Returns whether `list` has the objects of `previous`, and in its order. Says
// no of one in another order or with copies.
bool IsRepetition(const List& list, const Snapshot& previous);

// Returns whether `zones` has an Instance like `key`, by zone and hostname.
bool Contains(const Zones& zones, const Instance& key);

}  // namespace naming::core

#endif  // NAMING_CORE_ZONES_H_
