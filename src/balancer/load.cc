// SPDX-License-Identifier: Apache-2.0

#include "balancer/load.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

namespace naming::balancer {
namespace {

constexpr float kHealthySuccess = 0.5F;
constexpr float kHealthyCpu = 900;

// A day, in ns: what a caller says may be anything.
constexpr std::int64_t kMaxLatency = std::int64_t{86'400} * 1'000'000'000;

// 2^-x is about 1 + x (a + x (b + x c)) in [0, 1]: least squares, exact at both
// ends.
constexpr float kA = -0.6915984F;
constexpr float kB = 0.2311610F;
constexpr float kC = -0.0395626F;

// Returns about e^-x, to 0.02 %; 0 from 16 on. std::exp is as precise as the
// rest of Learn() is expensive.
float Decay(float x) {
  if (x >= 16) return 0;
  const float halvings = x * 1.44269504F;
  const auto whole = static_cast<std::uint32_t>(halvings);
  const float part = halvings - static_cast<float>(whole);
  const std::uint32_t bits = (127 - whole) << 23;
  float power = 0;  // 2^-whole
  std::memcpy(&power, &bits, sizeof power);
  return power * (1 + part * (kA + part * (kB + part * kC)));
}

}  // namespace

Load::~Load() {
  for (const auto& lane : lanes_) delete lane.load(std::memory_order_acquire);
}

void Load::Join() {
  if (crowd_ == nullptr || is_joined_.load(kRelaxed)) return;
  is_joined_.store(true);
  SettleAll();
}

void Load::Part() {
  if (!is_joined_.load(kRelaxed)) return;
  is_joined_.store(false);
  SettleAll();
}

void Load::SettleAll() {
  for (std::size_t i = 0; i < kLanes; ++i) {
    Lane* const lane = lanes_[i].load();
    if (lane != nullptr) Settle(*lane, i);
  }
}

// Join() and Part() miss a lane that is being made: whoever makes it settles it
// once others can see it. Both may do so at once, and one of them with what was
// true before; that one sees it when it looks again.
void Load::Settle(Lane& own, std::size_t lane) {
  for (;;) {
    const bool is_joined = is_joined_.load();
    const std::int64_t before = is_joined ? own.in_flight.fetch_or(kJoined)
                                          : own.in_flight.fetch_and(~kJoined);
    if (((before & kJoined) != 0) != is_joined) {
      const std::int64_t calls = before >> 1;
      crowd_->Add(lane, is_joined ? calls : -calls);
    }
    if (is_joined_.load() == is_joined) return;
  }
}

Load::Lane& Load::Make(std::size_t lane) {
  auto made = std::make_unique<Lane>();
  Lane* other = nullptr;  // Of another thread of the lane.
  if (!lanes_[lane].compare_exchange_strong(other, made.get())) return *other;
  is_used_.store(true, kRelaxed);
  if (crowd_ != nullptr) Settle(*made, lane);
  return *made.release();
}

void Load::Pull(Lane& own, std::int64_t now, std::int64_t end) {
  std::int64_t in_flight = 0;
  std::int64_t picked_at = own.picked_at.load(kRelaxed);
  std::int64_t learnt_at = own.learnt_at.load(kRelaxed);
  const Lane* newest = nullptr;
  for (const auto& lane : lanes_) {
    const Lane* const other = lane.load(std::memory_order_acquire);
    if (other == nullptr || other == &own) continue;
    in_flight += other->in_flight.load(kRelaxed) & ~kJoined;
    picked_at = std::max(picked_at, other->picked_at.load(kRelaxed));
    const std::int64_t theirs = other->learnt_at.load(kRelaxed);
    if (theirs > learnt_at && theirs <= end) {
      learnt_at = theirs;
      newest = other;
    }
  }
  own.elsewhere.store(in_flight, kRelaxed);
  own.picked_at.store(picked_at, kRelaxed);
  own.pulled_at.store(now, kRelaxed);
  if (newest == nullptr) return;
  own.learnt_at.store(learnt_at, kRelaxed);
  own.latency.store(newest->latency.load(kRelaxed), kRelaxed);
  own.success.store(newest->success.load(kRelaxed), kRelaxed);
  own.cpu.store(newest->cpu.load(kRelaxed), kRelaxed);
  own.cost.store(newest->cost.load(kRelaxed), kRelaxed);
}

Load::Seen Load::SumUp() const {
  std::int64_t in_flight = 0;
  std::int64_t learnt_at = kLongAgo;
  float cost = kUnknownCost;
  for (const auto& lane : lanes_) {
    const Lane* const known = lane.load(std::memory_order_acquire);
    if (known == nullptr) continue;
    in_flight += known->in_flight.load(kRelaxed) & ~kJoined;
    const std::int64_t theirs = known->learnt_at.load(kRelaxed);
    if (theirs > learnt_at) {
      learnt_at = theirs;
      cost = known->cost.load(kRelaxed);
    }
  }
  return Seen{cost, CallsOf(in_flight)};
}

bool Load::TakeProbe(const Moment& moment, std::int64_t gap) {
  Pull(Own(moment.lane), moment.now, moment.now);
  if (!IsOverdue(moment, gap)) return false;
  std::int64_t probed_at = probed_at_.load(kRelaxed);
  return moment.now - probed_at > gap &&
         probed_at_.compare_exchange_strong(probed_at, moment.now, kRelaxed);
}

std::optional<std::chrono::nanoseconds> Load::End(const Outcome& outcome,
                                                  std::int64_t start,
                                                  std::size_t lane) {
  Lane& own = Own(lane);
  Count(own, lane, -1);
  if (setting_->clock == nullptr ||
      outcome.result == Outcome::Result::kCancelled) {
    return outcome.latency;
  }
  // The clock isn't asked when the caller knows.
  std::int64_t latency = 0;
  if (outcome.latency) {
    latency = outcome.latency->count();
  } else {
    latency = NanosecondsOf(*setting_->clock) - start;
  }
  latency = std::clamp<std::int64_t>(latency, 1, kMaxLatency);
  // What the lane knows may be from long ago, or nothing. `start` is a time of
  // the clock's, unlike what callers say.
  if (start - own.pulled_at.load(kRelaxed) > kMaxAge) {
    Pull(own, start, start + latency);
  }
  Learn(own, outcome, start + latency, latency);
  return std::chrono::nanoseconds(latency);
}

void Load::Learn(Lane& own, const Outcome& outcome, std::int64_t now,
                 std::int64_t latency) const {
  const float last_latency = own.latency.load(kRelaxed);
  const auto passed = static_cast<float>(now - own.learnt_at.load(kRelaxed));
  // Weight of what was learnt before.
  const float old = last_latency > 0
                        ? Decay(std::max(passed, 0.0F) * setting_->per_decay)
                        : 0;
  own.learnt_at.store(now, kRelaxed);
  const float success_sample = outcome.is_failure() ? 0.0F : 1.0F;
  const float success =
      success_sample + (own.success.load(kRelaxed) - success_sample) * old;
  own.success.store(success, kRelaxed);
  float cpu = own.cpu.load(kRelaxed);
  if (outcome.cpu > 0) {
    cpu = static_cast<float>(std::min(outcome.cpu, 1000));
    own.cpu.store(cpu, kRelaxed);
  }
  const bool is_healthy = success > kHealthySuccess && cpu < kHealthyCpu;
  // Mostly there are no failures, and a division less.
  const float factor = success == 1 ? cpu : cpu / std::max(success, 1e-3F);
  const auto sample = static_cast<float>(latency);
  const float new_latency = sample + (last_latency - sample) * old;
  own.latency.store(new_latency, kRelaxed);
  const float cost = factor * (std::sqrt(new_latency) + 1);
  own.cost.store(is_healthy ? cost : -cost, kRelaxed);
}

}  // namespace naming::balancer
