// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_LOAD_H_
#define NAMING_BALANCER_LOAD_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "balancer/crowd.h"
#include "balancer/lane.h"
#include "base/clock.h"
#include "naming/balancer.h"

namespace naming::balancer {

// What the Loads of one Balancer share.
struct LoadSetting {
  // Null: latencies are not measured, and costs stay as they are.
  const base::Clock* clock = nullptr;

  // How fast what was learnt is forgotten: to 1/e in 1 / `per_decay` ns.
  float per_decay = 1 / 600e6F;
};

// What a Balancer has learnt of one Endpoint, and its calls in flight; see
// lane.h. Takes 64 bytes for each lane that has compared or called the Endpoint
// since it is known, beside two lines that are hardly ever written.
//
// On one thread all is exact. Of other lanes a choice knows the calls in flight
// as of `max_age` ago at most. Of what lanes have learnt, that counts which was
// learnt last: two that learn within `max_age` of one another lose one's
// samples, which doesn't matter, as it is short against the decay.
//
// Thread-safe.
class alignas(64) Load final {
 public:
  // What an Endpoint costs of which nothing is known: more than any that has
  // answered within minutes.
  static constexpr float kUnknownCost = 2.5e11F;

  struct Seen {
    // Smaller is better: CPU × (√latency + 1) / success. Negative: the Endpoint
    // is unhealthy, and its absolute value is the cost.
    float cost;
    std::int64_t in_flight;
  };

  // `crowd` is what its calls are part of while it has joined; null: none.
  explicit Load(std::shared_ptr<LoadSetting> setting,
                std::shared_ptr<Crowd> crowd = nullptr)
      : setting_(std::move(setting)), crowd_(std::move(crowd)) {}
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  const std::shared_ptr<Crowd>& crowd() const { return crowd_; }

  // Makes the calls in flight part of the crowd, or takes them out of it. For
  // one thread at a time.
  void Join();
  void Part();

  // Returns what the lane of `moment` knows.
  Seen Look(const Moment& moment) {
    Lane& own = Own(moment.lane);
    if (__builtin_expect(moment.IsTooLateFor(own.pulled_at.load(kRelaxed)),
                         0)) {
      Pull(own, moment.now, moment.now);
    }
    return SeenBy(own);
  }

  // The same without a time: each 16th time, by random `bits`, the lane pulls.
  // A lane that isn't used yet is not made, and sees all there is.
  Seen Peek(std::size_t lane, std::uint64_t bits) {
    Lane* const own = lanes_[lane].load(std::memory_order_acquire);
    if (__builtin_expect(own == nullptr, 0)) return Peek();
    if (__builtin_expect((bits & 15) == 0, 0))
      Pull(*own, own->pulled_at.load(kRelaxed), INT64_MAX);
    return SeenBy(*own);
  }

  // Returns what all lanes know together.
  Seen Peek() const {
    if (!is_used_.load(kRelaxed)) return Seen{kUnknownCost, 0};
    return SumUp();
  }

  // Counts a call that starts.
  void Begin(const Moment& moment) {
    Lane& own = Own(moment.lane);
    Count(own, moment.lane, 1);
    own.picked_at.store(moment.now, kRelaxed);
  }

  // Whether no call has begun in the `gap` before, as far as the lane knows,
  // which has looked at the Load.
  bool IsOverdue(const Moment& moment, std::int64_t gap) {
    return moment.now - Own(moment.lane).picked_at.load(kRelaxed) > gap;
  }

  // Whether no call has, of any lane; says so to one thread only.
  [[gnu::cold]] bool TakeProbe(const Moment& moment, std::int64_t gap);

  // Takes the outcome of a call that began at `start`; `lane` is where it ends.
  // Returns its latency, when that is known.
  std::optional<std::chrono::nanoseconds> End(const Outcome& outcome,
                                              std::int64_t start,
                                              std::size_t lane);

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  // What one call counts; the bit below tells whether the lane has joined the
  // crowd, so that who counts a call knows whether Join() and Part() have
  // counted it.
  static constexpr std::int64_t kCall = 2;
  static constexpr std::int64_t kJoined = 1;

  // Written by the threads of one lane.
  struct alignas(64) Lane {
    std::atomic<std::int64_t> in_flight{0};  // Only the sum means anything.
    std::atomic<std::int64_t> elsewhere{0};  // Without kJoined.
    std::atomic<float> cost{kUnknownCost};
    std::atomic<float> latency{0};  // In ns; zero: there was no sample.
    std::atomic<float> success{1};  // A share.
    std::atomic<float> cpu{500};    // In per mille.
    std::atomic<std::int64_t> learnt_at{kLongAgo};
    std::atomic<std::int64_t> picked_at{kLongAgo};
    std::atomic<std::int64_t> pulled_at{kLongAgo};
  };

  // What is known of others may be older than the end here of their calls.
  static std::int64_t CallsOf(std::int64_t in_flight) {
    return std::max<std::int64_t>(in_flight >> 1, 0);
  }

  static Seen SeenBy(const Lane& own) {
    return Seen{own.cost.load(kRelaxed), CallsOf(own.in_flight.load(kRelaxed) +
                                                 own.elsewhere.load(kRelaxed))};
  }

  [[gnu::cold]] Seen SumUp() const;

  Lane& Own(std::size_t lane) {
    Lane* const own = lanes_[lane].load(std::memory_order_acquire);
    return __builtin_expect(own != nullptr, 1) ? *own : Make(lane);
  }

  [[gnu::cold]] Lane& Make(std::size_t lane);

  // Adds `calls` to those in flight.
  void Count(Lane& own, std::size_t lane, std::int64_t calls) {
    const std::int64_t before =
        own.in_flight.fetch_add(calls * kCall, kRelaxed);
    if ((before & kJoined) != 0) crowd_->Add(lane, calls);
  }

  // Makes the lane know what the others know as of `now`, but not what they
  // claim to have learnt after `end`.
  [[gnu::cold]] void Pull(Lane& own, std::int64_t now, std::int64_t end);

  // Makes the lane part of the crowd or not, as the Load is.
  void Settle(Lane& own, std::size_t lane);
  void SettleAll();

  void Learn(Lane& own, const Outcome& outcome, std::int64_t now,
             std::int64_t latency) const;

  std::array<std::atomic<Lane*>, kLanes> lanes_{};  // Null: not used so far.
  std::atomic<bool> is_used_{false};                // By any lane.
  std::atomic<bool> is_joined_{false};
  std::atomic<std::int64_t> probed_at_{kLongAgo};
  const std::shared_ptr<LoadSetting> setting_;  // Picks outlive Balancers.
  const std::shared_ptr<Crowd> crowd_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_LOAD_H_
