// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/random.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "balancer/chooser.h"

namespace naming::balancer {
namespace {

struct RandomPolicy {
  struct Plan {
    std::uint32_t size;
  };

  static constexpr int kDraws = 4;

  std::uint64_t seed;

  Plan MakePlan(const Slots& slots) const {
    return Plan{static_cast<std::uint32_t>(slots.size())};
  }

  std::uint64_t Begin(const Plan& /*plan*/, std::uint64_t k) const {
    return Chance::Begin(seed, k);
  }

  std::size_t Next(const Plan& plan, const Slots& /*slots*/,
                   std::atomic<std::uint64_t>& turn,
                   const Asked& /*asked*/) const {
    return Chance::Below(Chance::Next(turn), plan.size);
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

struct Random::Rep {
  Chooser<RandomPolicy> chooser;
};

Random::Random(Options options) {
  const RandomPolicy policy{SeedOf(options.seed)};
  rep_.reset(new Rep{{"random", std::move(options.color), policy}});
}

Random::~Random() = default;

void Random::UpdateCandidates(std::vector<Candidate> candidates) {
  rep_->chooser.Update(std::move(candidates));
}

absl::StatusOr<Pick> Random::DoChoose(const PickOptions* options) {
  return rep_->chooser.Choose(options);
}

PickRef::Source Random::DoPeek(const PickOptions* options) {
  return rep_->chooser.Peek(options);
}

}  // namespace naming::balancer
