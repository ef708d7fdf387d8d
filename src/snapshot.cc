// SPDX-License-Identifier: Apache-2.0

#include "naming/snapshot.h"

#include <algorithm>

namespace naming {
namespace {

bool EqualInstances(const Snapshot::Instances& a,
                    const Snapshot::Instances& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const std::shared_ptr<const Instance>& x,
                       const std::shared_ptr<const Instance>& y) {
                      return x == y || (x && y && *x == *y);
                    });
}

}  // namespace

std::size_t Snapshot::size() const {
  std::size_t size = 0;
  for (const auto& [zone, instances] : zones) size += instances.size();
  return size;
}

Snapshot::Instances Snapshot::AllInstances() const {
  Instances all;
  all.reserve(size());
  for (const auto& [zone, instances] : zones) {
    all.insert(all.end(), instances.begin(), instances.end());
  }
  return all;
}

bool operator==(const Snapshot& a, const Snapshot& b) {
  return a.app_id == b.app_id && a.revision == b.revision &&
         a.schedule == b.schedule && a.stale_since == b.stale_since &&
         std::equal(a.zones.begin(), a.zones.end(), b.zones.begin(),
                    b.zones.end(), [](const auto& x, const auto& y) {
                      return x.first == y.first &&
                             EqualInstances(x.second, y.second);
                    });
}

bool operator!=(const Snapshot& a, const Snapshot& b) { return !(a == b); }

}  // namespace naming
