// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/least_requests.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "balancer/chooser.h"
#include "balancer/rivals.h"
#include "base/clock.h"
#include "base/tick_clock.h"

namespace naming::balancer {
namespace {

struct LeastRequestsPolicy {
  using Plan = Rivals;

  static constexpr int kDraws = 4;

  std::uint64_t seed;
  std::shared_ptr<LoadSetting> setting;
  const base::Clock* clock;

  Plan MakePlan(const Slots& slots) const { return MakeRivals(slots); }

  std::uint64_t Begin(const Plan& /*rivals*/, std::uint64_t k) const {
    return Chance::Begin(seed, k);
  }

  [[gnu::always_inline]] std::size_t Next(const Plan& rivals,
                                          const Slots& /*slots*/,
                                          std::atomic<std::uint64_t>& turn,
                                          const Asked& asked) const {
    if (rivals.size() == 1) return 0;
    const std::uint64_t bits = Chance::Next(turn);
    const Two two = DrawTwo(bits, rivals.size());
    const Moment moment = asked.moment(rivals.size());
    const Load::Seen a = asked.Look(*rivals[two.a].load, moment, bits);
    const Load::Seen b = asked.Look(*rivals[two.b].load, moment, bits);
    return Burden(rivals[two.b], b) < Burden(rivals[two.a], a) ? two.b : two.a;
  }

  std::size_t Spare(const Plan& rivals, const Slots& slots, std::uint64_t bits,
                    const Asked& asked) const {
    const auto [a, b] = DrawTwoSpare(slots, bits, asked);
    const Moment moment = asked.moment(rivals.size());
    const Load::Seen seen_a = asked.Look(*rivals[a].load, moment);
    const Load::Seen seen_b = asked.Look(*rivals[b].load, moment);
    return Burden(rivals[b], seen_b) < Burden(rivals[a], seen_a) ? b : a;
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& /*endpoint*/) const {
    return std::make_shared<Load>(setting);
  }
  std::int64_t Now() const { return NanosecondsOf(*clock); }

  static float Burden(const Rival& rival, const Load::Seen& seen) {
    return static_cast<float>(seen.in_flight + 1) * rival.per_weight;
  }
};

}  // namespace

struct LeastRequests::Rep {
  Chooser<LeastRequestsPolicy> chooser;
};

LeastRequests::LeastRequests(Options options) {
  LeastRequestsPolicy policy{SeedOf(options.seed),
                             std::make_shared<LoadSetting>(),
                             &base::TickClock()};
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
