// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/consistent_hash.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "balancer/chooser.h"
#include "balancer/crowd.h"
#include "balancer/lane.h"
#include "balancer/maglev.h"
#include "base/clock.h"
#include "base/tick_clock.h"

namespace naming::balancer {
namespace {

// Color → the crowd of its Endpoints, as long as there are any.
class Crowds final {
 public:
  std::shared_ptr<Crowd> Of(const std::string& color) {
    std::weak_ptr<Crowd>& known = crowds_[color];
    std::shared_ptr<Crowd> crowd = known.lock();
    if (crowd != nullptr) return crowd;
    crowd = std::make_shared<Crowd>();
    known = crowd;
    for (auto it = crowds_.begin(); it != crowds_.end();) {
      it = it->second.expired() ? crowds_.erase(it) : std::next(it);
    }
    return crowd;
  }

 private:
  std::map<std::string, std::weak_ptr<Crowd>> crowds_;
};

struct ConsistentHashPolicy {
  struct Plan {
    MaglevTable table;
    // Of the calls in flight in the crowd, how much each Endpoint may have.
    // Empty: any.
    std::vector<float> max_share;
    std::shared_ptr<Crowd> crowd;  // Null: nothing is counted.
  };

  // Next() finds one itself.
  static constexpr int kDraws = 1;

  std::uint64_t seed;
  std::size_t table_size;
  double max_load;
  std::shared_ptr<LoadSetting> setting;
  std::shared_ptr<Crowds> crowds;  // For who updates.
  const base::Clock* clock;

  Plan MakePlan(const Slots& slots) const;

  std::uint64_t Begin(const Plan& /*plan*/, std::uint64_t k) const {
    return Chance::Begin(seed, k);
  }

  std::size_t Next(const Plan& plan, const Slots& slots,
                   std::atomic<std::uint64_t>& turn, const Asked& asked) const {
    const bool has_key =
        asked.options != nullptr && asked.options->hash_key.has_value();
    const std::uint64_t hash =
        has_key ? Mix(*asked.options->hash_key + kMixStep) : Chance::Next(turn);
    const std::size_t i = plan.table.At(hash);
    if (asked.avoids_any()) return Walk(plan, slots, hash, asked);
    if (plan.max_share.empty()) return i;
    const Moment moment = asked.moment(slots.size());
    if (asked.Look(*slots[i]->load(), moment).in_flight == 0) return i;
    return Walk(plan, slots, hash, asked);
  }

  // How far a call goes along the table that avoids an Endpoint.
  static constexpr std::size_t kSteps = 256;

  // Returns the first Endpoint, from the place of `hash` on, that may have one
  // call more and isn't to be avoided; when there is none near, the first that
  // isn't to be avoided, or one by weight, the same for a hash; and when all
  // are to be avoided, that at the place.
  std::size_t Walk(const Plan& plan, const Slots& slots, std::uint64_t hash,
                   const Asked& asked) const;

  std::size_t Spare(const Plan& /*plan*/, const Slots& slots,
                    std::uint64_t bits, const Asked& asked) const {
    return DrawSpareByWeight(slots, bits, asked);
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& endpoint) const {
    if (max_load <= 0) return nullptr;
    return std::make_shared<Load>(setting, crowds->Of(endpoint.color));
  }
  std::int64_t Now() const { return max_load > 0 ? NanosecondsOf(*clock) : 0; }
};

ConsistentHashPolicy::Plan ConsistentHashPolicy::MakePlan(
    const Slots& slots) const {
  std::vector<MaglevTable::Owner> owners;
  owners.reserve(slots.size());
  std::int64_t sum = 0;
  for (const Slot* slot : slots) {
    owners.push_back({slot->hash(), slot->weight()});
    sum += slot->weight();
  }
  Plan plan{MaglevTable(owners, table_size), {}, nullptr};
  if (max_load <= 0) return plan;
  plan.crowd = slots[0]->load()->crowd();
  plan.max_share.reserve(slots.size());
  for (const Slot* slot : slots) {
    plan.max_share.push_back(
        static_cast<float>(max_load * static_cast<double>(slot->weight()) /
                           static_cast<double>(sum)));
  }
  return plan;
}

std::size_t ConsistentHashPolicy::Walk(const Plan& plan, const Slots& slots,
                                       std::uint64_t hash,
                                       const Asked& asked) const {
  if (!HasSpare(slots, asked)) return plan.table.At(hash);
  const Moment moment = asked.moment(slots.size());
  std::int64_t in_flight = 0;
  if (plan.crowd != nullptr) {
    in_flight =
        asked.is_peek() ? plan.crowd->Count() : plan.crowd->Look(moment);
  }
  const auto all = static_cast<float>(in_flight + 1);
  std::size_t first = slots.size();
  // Beside those that are avoided there may be none that isn't at its bound,
  // or none for long.
  const std::size_t steps = asked.avoids_any()
                                ? std::min(kSteps, plan.table.size())
                                : plan.table.size();
  for (std::size_t k = 0; k < steps; ++k) {
    const std::size_t i = plan.table.After(hash, k);
    if (i == first || asked.Avoids(*slots[i])) continue;
    if (plan.max_share.empty()) return i;
    const auto own =
        static_cast<float>(asked.Look(*slots[i]->load(), moment).in_flight);
    if (own + 1 <= std::ceil(plan.max_share[i] * all)) return i;
    if (first == slots.size()) first = i;
  }
  if (first < slots.size()) return first;
  return DrawSpareByWeight(slots, hash, asked);
}

}  // namespace

struct ConsistentHash::Rep {
  Chooser<ConsistentHashPolicy> chooser;
};

ConsistentHash::ConsistentHash(ConsistentHashOptions options) {
  constexpr std::size_t kMinSize = 64;
  constexpr std::size_t kMaxSize = 4194304;
  const double max_load =
      options.max_load > 0 ? std::clamp(options.max_load, 1.01, 1000.0) : 0;
  ConsistentHashPolicy policy{
      SeedOf(options.seed),
      std::clamp(options.table_size, kMinSize, kMaxSize),
      max_load,
      std::make_shared<LoadSetting>(),
      std::make_shared<Crowds>(),
      &base::TickClock()};
  rep_.reset(new Rep{
      {"consistent hash", std::move(options.color), std::move(policy)}});
}

ConsistentHash::~ConsistentHash() = default;

void ConsistentHash::UpdateCandidates(std::vector<Candidate> candidates) {
  rep_->chooser.Update(std::move(candidates));
}

absl::StatusOr<Pick> ConsistentHash::DoChoose(const PickOptions* options) {
  return rep_->chooser.Choose(options);
}

PickRef::Source ConsistentHash::DoPeek(const PickOptions* options) {
  return rep_->chooser.Peek(options);
}

}  // namespace naming::balancer
