// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/least_requests.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "balancer/chooser.h"
#include "balancer/rivals.h"

namespace naming::balancer {
namespace {

struct Policy {
  using Plan = Rivals;

  static constexpr int kDraws = 4;

  std::uint64_t seed;
  std::shared_ptr<LoadSetting> setting;

  Plan MakePlan(const Slots& slots) const { return MakeRivals(slots); }

  std::uint64_t Begin(const Plan& /*rivals*/, std::uint64_t k) const {
    return Chance::Begin(seed, k);
  }

  std::size_t Next(const Plan& rivals, const Slots& /*slots*/,
                   std::atomic<std::uint64_t>& turn,
                   const Asked& /*asked*/) const {
    if (rivals.size() == 1) return 0;
    const Two two = DrawTwo(Chance::Next(turn), rivals.size());
    return Burden(rivals[two.b]) < Burden(rivals[two.a]) ? two.b : two.a;
  }

  std::size_t Spare(const Plan& rivals, const Slots& slots, std::uint64_t bits,
                    const Asked& asked) const {
    const auto [a, b] = DrawTwoSpare(slots, bits, asked);
    return Burden(rivals[b]) < Burden(rivals[a]) ? b : a;
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& /*endpoint*/) const {
    return std::make_shared<Load>(setting);
  }
  std::int64_t Now() const { return 0; }

  static float Burden(const Rival& rival) {
    return static_cast<float>(rival.load->in_flight() + 1) * rival.per_weight;
  }
};

}  // namespace

struct LeastRequests::Rep {
  Chooser<Policy> chooser;
};

LeastRequests::LeastRequests(Options options) {
  Policy policy{SeedOf(options.seed), std::make_shared<LoadSetting>()};
  rep_.reset(
      new Rep{{"least requests", std::move(options.color), std::move(policy)}});
}

LeastRequests::~LeastRequests() = default;

void LeastRequests::UpdateCandidates(std::vector<Candidate> candidates) {
  rep_->chooser.Update(std::move(candidates));
}

absl::StatusOr<Pick> LeastRequests::DoChoose(const PickOptions* options) {
  return rep_->chooser.Choose(options);
}

PickRef::Source LeastRequests::DoPeek(const PickOptions* options) {
  return rep_->chooser.Peek(options);
}

}  // namespace naming::balancer
