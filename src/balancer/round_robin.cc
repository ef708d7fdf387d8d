// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/round_robin.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "balancer/chooser.h"

namespace naming::balancer {
namespace {

struct RoundRobinPolicy {
  struct Plan {
    std::size_t size;
  };

  // The next turn would be that of the same endpoint each time: it would have
  // twice its share.
  static constexpr int kDraws = 1;

  std::uint64_t seed;

  Plan MakePlan(const Slots& slots) const { return Plan{slots.size()}; }

  std::uint64_t Begin(const Plan& /*plan*/, std::uint64_t k) const {
    return seed + k;
  }

  std::size_t Next(const Plan& plan, const Slots& /*slots*/,
                   std::atomic<std::uint64_t>& turn,
                   const Asked& /*asked*/) const {
    std::uint64_t i = turn.load(std::memory_order_relaxed);
    if (i >= plan.size) i = i == plan.size ? 0 : i % plan.size;
    turn.store(i + 1, std::memory_order_relaxed);
    return i;
  }

  std::size_t Spare(const Plan& /*plan*/, const Slots& slots,
                    std::uint64_t bits, const Asked& asked) const {
    return DrawSpare(slots, bits, asked);
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& /*endpoint*/) const {
    return nullptr;
  }
  std::int64_t Now() const { return 0; }
};

}  // namespace

struct RoundRobin::Rep {
  Chooser<RoundRobinPolicy> chooser;
};

RoundRobin::RoundRobin(Options options) {
  const RoundRobinPolicy policy{SeedOf(options.seed)};
  rep_.reset(new Rep{{"round robin", std::move(options.color), policy}});
}

RoundRobin::~RoundRobin() = default;

void RoundRobin::UpdateCandidates(std::vector<Candidate> candidates) {
  rep_->chooser.Update(std::move(candidates));
}

absl::StatusOr<Pick> RoundRobin::DoChoose(const PickOptions* options) {
  return rep_->chooser.Choose(options);
}

PickRef::Source RoundRobin::DoPeek(const PickOptions* options) {
  return rep_->chooser.Peek(options);
}

}  // namespace naming::balancer
