// SPDX-License-Identifier: Apache-2.0

#include "balancer/load.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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

void Load::Join() {
  const std::int64_t before = in_flight_.load(std::memory_order_relaxed);
  if (crowd_ == nullptr || (before & kJoined) != 0) return;
  const std::int64_t joining =
      in_flight_.fetch_or(kJoined, std::memory_order_relaxed);
  crowd_->in_flight.fetch_add(joining / kCall, std::memory_order_relaxed);
}

void Load::Part() {
  const std::int64_t parting =
      in_flight_.fetch_and(~kJoined, std::memory_order_relaxed);
  CountInCrowd(parting, -(parting / kCall));
}

std::optional<std::chrono::nanoseconds> Load::End(const Outcome& outcome,
                                                  std::int64_t start) {
  CountInCrowd(in_flight_.fetch_sub(kCall, std::memory_order_relaxed), -1);
  if (setting_->clock == nullptr ||
      outcome.result == Outcome::Result::kCancelled) {
    return outcome.latency;
  }
  // The clock isn't asked when the caller knows.
  std::int64_t latency = 0;
  if (outcome.latency) {
    latency = outcome.latency->count();
  } else {
    latency =
        std::chrono::nanoseconds(setting_->clock->Now().time_since_epoch())
            .count() -
        start;
  }
  latency = std::clamp<std::int64_t>(latency, 1, kMaxLatency);
  Learn(outcome, start + latency, latency);
  return std::chrono::nanoseconds(latency);
}

void Load::Learn(const Outcome& outcome, std::int64_t now,
                 std::int64_t latency) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  const float last_latency = latency_.load(kRelaxed);
  const auto passed = static_cast<float>(now - learnt_at_.load(kRelaxed));
  // Weight of what was learnt before.
  const float old = last_latency > 0
                        ? Decay(std::max(passed, 0.0F) * setting_->per_decay)
                        : 0;
  learnt_at_.store(now, kRelaxed);
  const float success_sample = outcome.is_failure() ? 0.0F : 1.0F;
  const float success =
      success_sample + (success_.load(kRelaxed) - success_sample) * old;
  success_.store(success, kRelaxed);
  float cpu = cpu_.load(kRelaxed);
  if (outcome.cpu > 0) {
    cpu = static_cast<float>(std::min(outcome.cpu, 1000));
    cpu_.store(cpu, kRelaxed);
  }
  const bool is_healthy = success > kHealthySuccess && cpu < kHealthyCpu;
  // Mostly there are no failures, and a division less.
  const float factor = success == 1 ? cpu : cpu / std::max(success, 1e-3F);
  const auto sample = static_cast<float>(latency);
  const float new_latency = sample + (last_latency - sample) * old;
  latency_.store(new_latency, kRelaxed);
  const float cost = factor * (std::sqrt(new_latency) + 1);
  cost_.store(is_healthy ? cost : -cost, kRelaxed);
}

}  // namespace naming::balancer
