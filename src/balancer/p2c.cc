// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/p2c.h"

#include <algorithm>
#include <chrono>
#include <cmath>
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

struct Policy {
  using Plan = Rivals;

  static constexpr int kTries = 3;

  static constexpr int kDraws = 4;

  std::uint64_t seed;
  std::shared_ptr<LoadSetting> setting;
  std::int64_t probe_interval;

  Plan MakePlan(const Slots& slots) const { return MakeRivals(slots); }

  std::uint64_t Begin(const Plan& /*rivals*/, std::uint64_t k) const {
    return Chance::Begin(seed, k);
  }

  std::size_t Next(const Plan& rivals, const Slots& slots,
                   std::atomic<std::uint64_t>& turn, const Asked& asked) const {
    if (rivals.size() == 1) return 0;
    Two two{};
    float cost_a = 0;
    float cost_b = 0;
    for (int tries = 0; tries < kTries; ++tries) {
      two = DrawTwo(Chance::Next(turn), rivals.size());
      cost_a = rivals[two.a].load->cost();
      cost_b = rivals[two.b].load->cost();
      if (cost_a >= 0 || cost_b >= 0) break;  // One of them is healthy.
    }
    const bool b_wins =
        Total(rivals[two.b], cost_b) < Total(rivals[two.a], cost_a);
    const std::size_t winner = b_wins ? two.b : two.a;
    if (asked.now == 0) return winner;
    const std::size_t loser = b_wins ? two.a : two.b;
    Load& load = *rivals[loser].load;
    if (__builtin_expect(!load.IsOverdue(asked.now, probe_interval), 1)) {
      return winner;
    }
    // One that is avoided now stays due.
    if (asked.Avoids(*slots[loser])) return winner;
    return load.IsDue(asked.now, probe_interval) ? loser : winner;
  }

  std::size_t Spare(const Plan& rivals, const Slots& slots, std::uint64_t bits,
                    const Asked& asked) const {
    const auto [a, b] = DrawTwoSpare(slots, bits, asked);
    const float total_a = Total(rivals[a], rivals[a].load->cost());
    return Total(rivals[b], rivals[b].load->cost()) < total_a ? b : a;
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& /*endpoint*/) const {
    return std::make_shared<Load>(setting);
  }
  std::int64_t Now() const {
    return std::chrono::nanoseconds(setting->clock->Now().time_since_epoch())
        .count();
  }

  static float Total(const Rival& rival, float cost) {
    return std::abs(cost) * static_cast<float>(rival.load->in_flight() + 1) *
           rival.per_weight;
  }
};

std::chrono::milliseconds Within(std::chrono::milliseconds value) {
  return std::clamp<std::chrono::milliseconds>(
      value, std::chrono::milliseconds(1), std::chrono::hours(1));
}

}  // namespace

struct P2c::Rep {
  Chooser<Policy> chooser;
};

P2c::P2c(P2cOptions options) : P2c(std::move(options), base::TickClock()) {}

P2c::P2c(P2cOptions options, const base::Clock& clock) {
  auto setting = std::make_shared<LoadSetting>();
  setting->clock = &clock;
  const std::chrono::nanoseconds decay = Within(options.decay);
  setting->per_decay = 1 / static_cast<float>(decay.count());
  const std::chrono::nanoseconds probe_interval =
      Within(options.probe_interval);
  Policy policy{SeedOf(options.seed), std::move(setting),
                probe_interval.count()};
  rep_.reset(new Rep{{"p2c", std::move(options.color), std::move(policy)}});
}

P2c::~P2c() = default;

void P2c::UpdateCandidates(std::vector<Candidate> candidates) {
  rep_->chooser.Update(std::move(candidates));
}

absl::StatusOr<Pick> P2c::DoChoose(const PickOptions* options) {
  return rep_->chooser.Choose(options);
}

PickRef::Source P2c::DoPeek(const PickOptions* options) {
  return rep_->chooser.Peek(options);
}

}  // namespace naming::balancer
