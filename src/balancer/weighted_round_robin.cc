// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/weighted_round_robin.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "balancer/chooser.h"
#include "balancer/weighted_cycle.h"

namespace naming::balancer {
namespace {

struct WeightedRoundRobinPolicy {
  using Plan = WeightedCycle;

  // The next turn would be that of the same endpoint each time: it would have
  // twice its share.
  static constexpr int kDraws = 1;

  std::uint64_t seed;

  Plan MakePlan(const Slots& slots) const {
    std::vector<std::int64_t> weights;
    weights.reserve(slots.size());
    for (const Slot* slot : slots) weights.push_back(slot->weight());
    return Plan(weights);
  }

  std::uint64_t Begin(const Plan& cycle, std::uint64_t k) const {
    return cycle.Point(seed + k);
  }

  std::size_t Next(const Plan& cycle, const Slots& /*slots*/,
                   std::atomic<std::uint64_t>& turn,
                   const Asked& /*asked*/) const {
    std::uint64_t point = turn.load(std::memory_order_relaxed);
    if (__builtin_expect(point >= cycle.length(), 0)) {
      point %= cycle.length();
    }
    turn.store(cycle.Next(point), std::memory_order_relaxed);
    return cycle.At(point);
  }

  std::size_t Spare(const Plan& /*cycle*/, const Slots& slots,
                    std::uint64_t bits, const Asked& asked) const {
    return DrawSpareByWeight(slots, bits, asked);
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& /*endpoint*/) const {
    return nullptr;
  }
  std::int64_t Now() const { return 0; }
};

}  // namespace

struct WeightedRoundRobin::Rep {
  Chooser<WeightedRoundRobinPolicy> chooser;
};

WeightedRoundRobin::WeightedRoundRobin(Options options) {
  const WeightedRoundRobinPolicy policy{SeedOf(options.seed)};
  rep_.reset(
      new Rep{{"weighted round robin", std::move(options.color), policy}});
}

WeightedRoundRobin::~WeightedRoundRobin() = default;

void WeightedRoundRobin::UpdateCandidates(std::vector<Candidate> candidates) {
  rep_->chooser.Update(std::move(candidates));
}

absl::StatusOr<Pick> WeightedRoundRobin::DoChoose(const PickOptions* options) {
  return rep_->chooser.Choose(options);
}

PickRef::Source WeightedRoundRobin::DoPeek(const PickOptions* options) {
  return rep_->chooser.Peek(options);
}

}  // namespace naming::balancer
