// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/weighted_random.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "balancer/chooser.h"

namespace naming::balancer {
namespace {

// A place of Vose's alias table: itself with a probability of threshold / 2^32,
// else its alias.
struct Place {
  std::uint32_t threshold;
  std::uint32_t alias;
};

using AliasTable = std::vector<Place>;

AliasTable MakeAliasTable(const Slots& slots) {
  const std::size_t size = slots.size();
  std::int64_t sum = 0;
  for (const Slot* slot : slots) sum += slot->weight();
  // What is left of each share, in units of the mean share.
  std::vector<double> share(size);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < size; ++i) {
    share[i] = static_cast<double>(slots[i]->weight()) *
               static_cast<double>(size) / static_cast<double>(sum);
    (share[i] < 1 ? small : large).push_back(i);
  }
  AliasTable table(size, Place{UINT32_MAX, 0});
  for (std::uint32_t i = 0; i < size; ++i) table[i].alias = i;
  while (!small.empty() && !large.empty()) {
    const std::uint32_t poor = small.back();
    const std::uint32_t rich = large.back();
    small.pop_back();
    table[poor].threshold =
        static_cast<std::uint32_t>(share[poor] * 4294967295.0);
    table[poor].alias = rich;
    share[rich] -= 1 - share[poor];
    if (share[rich] < 1) {
      large.pop_back();
      small.push_back(rich);
    }
  }
  return table;
}

struct WeightedRandomPolicy {
  using Plan = AliasTable;

  static constexpr int kDraws = 4;

  std::uint64_t seed;

  Plan MakePlan(const Slots& slots) const { return MakeAliasTable(slots); }

  std::uint64_t Begin(const Plan& /*table*/, std::uint64_t k) const {
    return Chance::Begin(seed, k);
  }

  std::size_t Next(const Plan& table, const Slots& /*slots*/,
                   std::atomic<std::uint64_t>& turn,
                   const Asked& /*asked*/) const {
    const std::uint64_t bits = Chance::Next(turn);
    const std::uint32_t i =
        Chance::Below(bits, static_cast<std::uint32_t>(table.size()));
    const Place place = table[i];
    // The lower half is independent of the upper one, which chose the place.
    return static_cast<std::uint32_t>(bits) <= place.threshold ? i
                                                               : place.alias;
  }

  std::size_t Spare(const Plan& /*table*/, const Slots& slots,
                    std::uint64_t bits, const Asked& asked) const {
    return DrawSpareByWeight(slots, bits, asked);
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& /*endpoint*/) const {
    return nullptr;
  }
  std::int64_t Now() const { return 0; }
};

}  // namespace

struct WeightedRandom::Rep {
  Chooser<WeightedRandomPolicy> chooser;
};

WeightedRandom::WeightedRandom(Options options) {
  const WeightedRandomPolicy policy{SeedOf(options.seed)};
  rep_.reset(new Rep{{"weighted random", std::move(options.color), policy}});
}

WeightedRandom::~WeightedRandom() = default;

void WeightedRandom::UpdateCandidates(std::vector<Candidate> candidates) {
  rep_->chooser.Update(std::move(candidates));
}

absl::StatusOr<Pick> WeightedRandom::DoChoose(const PickOptions* options) {
  return rep_->chooser.Choose(options);
}

PickRef::Source WeightedRandom::DoPeek(const PickOptions* options) {
  return rep_->chooser.Peek(options);
}

}  // namespace naming::balancer
