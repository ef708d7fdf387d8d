// SPDX-License-Identifier: Apache-2.0

#include "core/zones.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace naming::core {
namespace {

using Object = std::shared_ptr<const Instance>;
using Objects = Snapshot::Instances;

bool IsBefore(const Object& a, const Object& b) {
  const int order = a->zone.compare(b->zone);
  return order != 0 ? order < 0 : a->hostname < b->hostname;
}

Objects::const_iterator LowerBound(const Objects& objects,
                                   std::string_view hostname) {
  return std::lower_bound(objects.begin(), objects.end(), hostname,
                          [](const Object& object, std::string_view sought) {
                            return object->hostname < sought;
                          });
}

// Puts the objects of the Snapshot behind `present` in the place of equal ones.
void KeepPresent(Objects& objects, Finder& present) {
  if (present.IsAtEnd()) return;  // Nothing is present: looks at no object.
  for (Object& object : objects) {
    if (present.IsNext(object)) continue;
    Object old = present.Find(object->zone, object->hostname);
    if (old != nullptr && *old == *object) object = std::move(old);
  }
}

// Returns the objects of `list`, those of the Snapshot behind `present` where
// they are equal.
Objects Join(List list, Finder& present) {
  KeepPresent(list.objects, present);
  if (list.instances.empty()) return std::move(list.objects);
  Objects objects;
  objects.reserve(list.instances.size() + list.objects.size());
  for (Instance& instance : list.instances) {
    Object object = present.Find(instance.zone, instance.hostname);
    if (object == nullptr || *object != instance) {
      object = std::make_shared<const Instance>(std::move(instance));
    }
    objects.push_back(std::move(object));
  }
  std::move(list.objects.begin(), list.objects.end(),
            std::back_inserter(objects));
  return objects;
}

// Nodes and caches often answer in order already.
void SortUnique(Objects& objects) {
  const auto is_unordered = [](const Object& a, const Object& b) {
    return !IsBefore(a, b);
  };
  if (std::adjacent_find(objects.begin(), objects.end(), is_unordered) ==
      objects.end()) {
    return;
  }
  std::stable_sort(objects.begin(), objects.end(), IsBefore);
  // From behind, where the one stands that counts.
  const auto first = std::unique(
      objects.rbegin(), objects.rend(),
      [](const Object& a, const Object& b) { return !IsBefore(b, a); });
  objects.erase(objects.begin(), first.base());
}

}  // namespace

Finder::Finder(const Snapshot* snapshot)
    : zones_(snapshot != nullptr ? snapshot->zones : none_),
      zone_(zones_.begin()) {}

Object Finder::Find(std::string_view zone, std::string_view hostname) {
  if (zones_.empty()) return nullptr;
  LeaveEndedZone();
  if (!EnterZone(zone)) return nullptr;
  const Objects& objects = zone_->second;
  if (next_ == objects.size() || objects[next_]->hostname != hostname) {
    const auto it = LowerBound(objects, hostname);
    if (it == objects.end() || (*it)->hostname != hostname) return nullptr;
    next_ = static_cast<std::size_t>(it - objects.begin());
  }
  return objects[next_++];
}

bool Finder::IsNext(const Object& object) {
  LeaveEndedZone();
  if (zone_ == zones_.end() || zone_->second[next_] != object) return false;
  ++next_;
  return true;
}

bool Finder::IsAtEnd() {
  LeaveEndedZone();
  return zone_ == zones_.end();
}

// Goes to `zone`, if there is one.
bool Finder::EnterZone(std::string_view zone) {
  if (zone_ != zones_.end() && zone_->first == zone) return true;
  const auto it = zones_.find(std::string(zone));
  if (it == zones_.end()) return false;
  zone_ = it;
  next_ = 0;
  return true;
}

void Finder::LeaveEndedZone() {
  while (zone_ != zones_.end() && next_ == zone_->second.size()) {
    ++zone_;
    next_ = 0;
  }
}

Zones MakeZones(List list, const Snapshot* previous) {
  Finder present(previous);
  Objects objects = Join(std::move(list), present);
  SortUnique(objects);
  Zones zones;
  for (auto it = objects.begin(); it != objects.end();) {
    // A search, not a walk: of a large list each look is at distant memory.
    const auto end = std::partition_point(
        it, objects.end(), [&zone = (*it)->zone](const Object& other) {
          return other->zone == zone;
        });
    zones[(*it)->zone].assign(std::make_move_iterator(it),
                              std::make_move_iterator(end));
    it = end;
  }
  return zones;
}

bool IsRepetition(const List& list, const Snapshot& previous) {
  if (!list.instances.empty()) return false;
  Finder present(&previous);
  return std::all_of(
             list.objects.begin(), list.objects.end(),
             [&](const Object& object) { return present.IsNext(object); }) &&
         present.IsAtEnd() && list.schedule == previous.schedule;
}

bool Contains(const Zones& zones, const Instance& key) {
  const auto zone = zones.find(key.zone);
  if (zone == zones.end()) return false;
  const auto it = LowerBound(zone->second, key.hostname);
  return it != zone->second.end() && (*it)->hostname == key.hostname;
}

}  // namespace naming::core
