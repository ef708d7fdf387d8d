// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_TABLE_H_
#define NAMING_BALANCER_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balancer/slot.h"
#include "balancer/turns.h"
#include "base/thread_record.h"
#include "naming/balancer.h"

namespace naming::balancer {

using Slots = std::vector<Slot*>;

// Color → the turns of its group: what groups keep over updates.
using TurnsByColor = std::map<std::string, std::shared_ptr<const Turns>>;

// What a Balancer chooses from, once it is built: never changed. `Plan` is what
// the Balancer makes of the Slots of one color.
template <class Plan>
class Table final {
 public:
  struct Group {
    Group(std::string color_of_all, std::shared_ptr<const Turns> turns_of_it,
          Slots members, Plan plan_of_it)
        : slots(std::move(members)),
          plan(std::move(plan_of_it)),
          turns(std::move(turns_of_it)),
          turns_id(turns->id),
          turns_place(turns_id % base::ThreadRecord::kTurns),
          color(std::move(color_of_all)) {}

    Slots slots;  // Not empty.
    Plan plan;
    std::shared_ptr<const Turns> turns;
    std::uint64_t turns_id;
    std::uint64_t turns_place;  // Where a thread's record has its turn.
    std::string color;
  };

  // Uses all of `slots`, and chooses from those for which `is_chosen_from`.
  // `make_plan` turns Slots into their Plan.
  template <class MakePlan>
  Table(Slots slots, const Slots& chosen_from, std::string_view usual_color,
        TurnsByColor& turns, const MakePlan& make_plan)
      : slots_(std::move(slots)) {
    for (Slot* slot : slots_) slot->Use();
    std::map<std::string_view, Slots> by_color;
    Slots* members = nullptr;
    std::string_view members_color;
    for (Slot* slot : chosen_from) {
      const std::string& color = slot->endpoint().color;
      if (members == nullptr || color != members_color) {
        members = &by_color[color];
        members_color = color;
      }
      members->push_back(slot);
    }
    TurnsByColor kept;
    groups_.reserve(by_color.size());
    for (auto& [color, group] : by_color) {
      const std::string name(color);
      auto& mine = kept[name] = std::move(turns[name]);
      if (mine == nullptr) mine = std::make_shared<const Turns>();
      Plan plan = make_plan(group);
      groups_.emplace_back(name, mine, std::move(group), std::move(plan));
    }
    turns = std::move(kept);
    usual_ = FindGroup(usual_color);
  }
  ~Table() {
    for (Slot* slot : slots_) slot->Unuse();
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // All Slots, in the order of the list that they come from.
  const Slots& slots() const { return slots_; }

  // Whom a call chooses from that asks for no color; null: nobody.
  const Group* usual() const { return usual_; }

  // Returns whom a call may choose from; null: nobody.
  const Group* For(const PickOptions* options) const {
    if (options == nullptr || options->color.empty()) return usual_;
    return FindGroup(options->color);
  }

 private:
  // The group of `color`, else that without a color.
  const Group* FindGroup(std::string_view color) const {
    const auto it =
        std::lower_bound(groups_.begin(), groups_.end(), color,
                         [](const Group& group, std::string_view wanted) {
                           return std::string_view(group.color) < wanted;
                         });
    if (it != groups_.end() && it->color == color) return &*it;
    const bool has_uncolored = !groups_.empty() && groups_[0].color.empty();
    return has_uncolored ? &groups_[0] : nullptr;
  }

  const Slots slots_;
  std::vector<Group> groups_;  // Ordered by color.
  const Group* usual_ = nullptr;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_TABLE_H_
