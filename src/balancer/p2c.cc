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

struct P2cPolicy {
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

  [[gnu::always_inline]] std::size_t Next(const Plan& rivals,
                                          const Slots& slots,
                                          std::atomic<std::uint64_t>& turn,
                                          const Asked& asked) const {
    if (rivals.size() == 1) return 0;
    Two two{};
    Load::Seen a{};
    Load::Seen b{};
    const Moment moment = asked.moment(rivals.size());
    for (int tries = 0; tries < kTries; ++tries) {
      const std::uint64_t bits = Chance::Next(turn);
      two = DrawTwo(bits, rivals.size());
      a = asked.Look(*rivals[two.a].load, moment, bits);
      b = asked.Look(*rivals[two.b].load, moment, bits);
      if (a.cost >= 0 || b.cost >= 0) break;  // One of them is healthy.
    }
    const bool b_wins = Total(rivals[two.b], b) < Total(rivals[two.a], a);
    const std::size_t winner = b_wins ? two.b : two.a;
    if (asked.is_peek()) return winner;
    const std::size_t loser = b_wins ? two.a : two.b;
    Load& load = *rivals[loser].load;
    if (__builtin_expect(!load.IsOverdue(moment, probe_interval), 1)) {
      return winner;
    }
    // One that is avoided now stays due.
    if (asked.Avoids(*slots[loser])) return winner;
    return load.TakeProbe(moment, probe_interval) ? loser : winner;
  }

  std::size_t Spare(const Plan& rivals, const Slots& slots, std::uint64_t bits,
                    const Asked& asked) const {
    const auto [a, b] = DrawTwoSpare(slots, bits, asked);
    const Moment moment = asked.moment(rivals.size());
    const float total_a = Total(rivals[a], asked.Look(*rivals[a].load, moment));
    const float total_b = Total(rivals[b], asked.Look(*rivals[b].load, moment));
    return total_b < total_a ? b : a;
  }

  std::shared_ptr<Load> MakeLoad(const Endpoint& /*endpoint*/) const {
    return std::make_shared<Load>(setting);
  }
  std::int64_t Now() const { return NanosecondsOf(*setting->clock); }

  static float Total(const Rival& rival, const Load::Seen& seen) {
    return std::abs(seen.cost) * static_cast<float>(seen.in_flight + 1) *
           rival.per_weight;
  }
};

std::chrono::milliseconds Within(std::chrono::milliseconds value) {
  return std::clamp<std::chrono::milliseconds>(
      value, std::chrono::milliseconds(1), std::chrono::hours(1));
}

}  // namespace

struct P2c::Rep {
  Chooser<P2cPolicy> chooser;
};

P2c::P2c(P2cOptions options) : P2c(std::move(options), base::TickClock()) {}

P2c::P2c(P2cOptions options, const base::Clock& clock) {
  auto setting = std::make_shared<LoadSetting>();
  setting->clock = &clock;
  const std::chrono::nanoseconds decay = Within(options.decay);
  setting->per_decay = 1 / static_cast<float>(decay.count());
  const std::chrono::nanoseconds probe_interval =
      Within(options.probe_interval);
  P2cPolicy policy{SeedOf(options.seed), std::move(setting),
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
