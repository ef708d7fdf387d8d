// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_CHOOSER_H_
#define NAMING_BALANCER_CHOOSER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "balancer/asked.h"
#include "balancer/lane.h"
#include "balancer/listing.h"
#include "balancer/slot.h"
#include "balancer/table.h"
#include "balancer/turns.h"
#include "base/mutex.h"
#include "base/reclaim.h"
#include "base/thread_record.h"
#include "naming/balancer.h"

namespace naming::balancer {

// What all Balancers have in common: everything but how they choose, which is
// up to `Policy`:
//
//   struct Plan;                     what it makes of a group of Slots
//   Plan MakePlan(const Slots&) const;
//   std::uint64_t Begin(const Plan&, std::uint64_t k) const;
//                                    the turn with which the k-th thread begins
//   std::size_t Next(const Plan&, const Slots&, std::atomic<std::uint64_t>&
//                    turn, const Asked&) const;
//                                    which Slot is next; only this thread
//                                    writes `turn`, which may hold any value
//   std::size_t Spare(const Plan&, const Slots&, std::uint64_t bits,
//                     const Asked&) const;
//                                    chooses by random bits among those not to
//                                    be avoided, however few; there is one
//   static constexpr int kDraws;     how often Next() may be asked for one that
//                                    isn't to be avoided, before Spare() is
//   std::shared_ptr<Load> MakeLoad(const Endpoint&) const;   may return null
//   std::int64_t Now() const;        0 when it goes by no load
//   std::uint64_t seed;
//
// Thread-safe: Peek() and Choose() never wait.
template <class Policy>
class Chooser final {
 public:
  // `name` begins messages; `color` is the client's.
  Chooser(const char* name, std::string color, Policy policy)
      : name_(name),
        color_(std::move(color)),
        policy_(std::move(policy)),
        listing_([this](const Endpoint& endpoint) {
          return policy_.MakeLoad(endpoint);
        }) {
    Update({});
  }

  void Update(std::vector<Candidate> candidates) {
    base::MutexLock lock(mutex_);
    listing_.Update(std::move(candidates));
    table_.Replace(std::make_unique<const PolicyTable>(
        listing_.slots(), listing_.chosen_from(), color_, turns_,
        [this](const Slots& slots) { return policy_.MakePlan(slots); }));
  }

  [[gnu::always_inline]] PickRef::Source Peek(const PickOptions* options) {
    if (__builtin_expect(!base::IsPlain(), 0)) return PeekSlowly(options);
    const base::Section section = base::EnterPlainly();
    const Slot* const slot = FindQuickly(
        *section.record, Asked{options, 0, LaneOf(*section.record)});
    if (__builtin_expect(slot == nullptr, 0)) {
      base::Leave(section);
      return PeekSlowly(options);
    }
    return PickRef::Source{&slot->endpoint(), reinterpret_cast<std::uintptr_t>(
                                                  &section.record->section)};
  }

  [[gnu::always_inline]] absl::StatusOr<Pick> Choose(
      const PickOptions* options) {
    const std::int64_t now = policy_.Now();
    const base::ReadSection section;
    const Asked asked{options, now, LaneOf(section.record())};
    Slot* slot = FindQuickly(section.record(), asked);
    if (__builtin_expect(slot == nullptr, 0)) {
      slot = Find(section.record(), asked, Room::kMade);
      if (slot == nullptr) return NoEndpoint();
    }
    if (slot->load() != nullptr) slot->load()->Begin(asked.moment(0));
    return Pick(*slot, slot->Hold(section.record()), now);
  }

 private:
  using PolicyTable = Table<typename Policy::Plan>;
  using Group = typename PolicyTable::Group;

  // Returns null when there is more to do than most calls need. Calls nothing,
  // so that who inlines it needs no stack.
  [[gnu::always_inline]] Slot* FindQuickly(base::ThreadRecord& record,
                                           const Asked& asked) const {
    const Group* const group = table_.Get()->usual();
    if (group == nullptr) return nullptr;
    base::ThreadRecord::Turn& turn = record.turns[group->turns_place];
    if (turn.owner.load(std::memory_order_relaxed) != group->turns_id) {
      return nullptr;
    }
    if (asked.options != nullptr &&
        (!asked.options->color.empty() || !asked.options->avoid.empty())) {
      return nullptr;
    }
    Slot* const slot =
        group
            ->slots[policy_.Next(group->plan, group->slots, turn.value, asked)];
    if (slot == nullptr) __builtin_unreachable();
    return slot;
  }

  // Whether memory may be allocated for turns: not within Peek(), which signal
  // handlers may call.
  enum class Room { kAsItIs, kMade };

  [[gnu::cold, gnu::noinline]] Slot* Find(base::ThreadRecord& record,
                                          const Asked& asked, Room room) const {
    const Group* const group = table_.Get()->For(asked.options);
    if (group == nullptr) return nullptr;
    base::ThreadRecord::Turn& turn = record.turns[group->turns_place];
    if (turn.owner.load(std::memory_order_relaxed) != group->turns_id) {
      if (room == Room::kMade) ReserveTurns(record, group->turns_id);
      TakeTurn(record, *group, turn);
    }
    const std::size_t i =
        policy_.Next(group->plan, group->slots, turn.value, asked);
    if (asked.options == nullptr) return group->slots[i];
    return Avoid(*group, i, record, asked);
  }

  // Puts the thread's turn in `group` into its place, or a new one.
  void TakeTurn(base::ThreadRecord& record, const Group& group,
                base::ThreadRecord::Turn& turn) const {
    if (SwapTurn(record, group.turns_id, turn)) return;
    const std::uint64_t k =
        group.turns->next.fetch_add(1, std::memory_order_relaxed);
    turn.value.store(policy_.Begin(group.plan, k), std::memory_order_relaxed);
    turn.owner.store(group.turns_id, std::memory_order_relaxed);
  }

  [[gnu::cold, gnu::noinline]] PickRef::Source PeekSlowly(
      const PickOptions* options) {
    const base::Section section = base::Enter();
    const Slot* const slot =
        Find(*section.record, Asked{options, 0, LaneOf(*section.record)},
             Room::kAsItIs);
    if (slot == nullptr) {
      base::Leave(section);
      return PickRef::Source{nullptr, 0};
    }
    const auto word =
        reinterpret_cast<std::uintptr_t>(&section.record->section);
    return PickRef::Source{&slot->endpoint(),
                           word | (section.after == 0 ? 0U : 1U)};
  }

  // Returns the Slot `i`, or another one when it is to be avoided: what the
  // policy chooses next, and when it insists, what it chooses among the others.
  Slot* Avoid(const Group& group, std::size_t i, base::ThreadRecord& record,
              const Asked& asked) const {
    auto& turn = record.turns[group.turns_place].value;
    for (int draw = 1; asked.Avoids(*group.slots[i]); ++draw) {
      if (draw == Policy::kDraws) {
        if (!HasSpare(group.slots, asked)) break;
        return group.slots[policy_.Spare(group.plan, group.slots,
                                         RandomBits(record), asked)];
      }
      i = policy_.Next(group.plan, group.slots, turn, asked);
    }
    return group.slots[i];
  }

  // A turn doesn't hold chance in every policy.
  std::uint64_t RandomBits(base::ThreadRecord& record) const {
    const std::uint64_t before = record.chance.load(std::memory_order_relaxed);
    const std::uint64_t counter = before + kMixStep;
    record.chance.store(counter, std::memory_order_relaxed);
    return Mix(counter ^ Mix(policy_.seed + record.number));
  }

  [[gnu::cold, gnu::noinline]] absl::Status NoEndpoint() const {
    const base::ReadSection section;
    return absl::UnavailableError(
        absl::StrFormat("%s: there is no endpoint%s", name_,
                        table_.Get()->slots().empty()
                            ? ""
                            : " without a color, nor of the one asked for"));
  }

  const char* const name_;
  const std::string color_;
  const Policy policy_;
  base::Guarded<PolicyTable> table_;  // Never null.

  base::Mutex mutex_;  // Held by who updates.
  Listing listing_ ABSL_GUARDED_BY(mutex_);
  TurnsByColor turns_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_CHOOSER_H_
