// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_CROWD_H_
#define NAMING_BALANCER_CROWD_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "balancer/lane.h"

namespace naming::balancer {

// The calls in flight to those Endpoints of one color that can be chosen.
//
// Thread-safe.
class Crowd final {
 public:
  // Counts in `lane`. Calls that end in another lane than they began in leave
  // counts that mean nothing alone; the sum is right.
  void Add(std::size_t lane, std::int64_t calls) {
    lanes_[lane].in_flight.fetch_add(calls, std::memory_order_relaxed);
  }

  // Returns how many there are, as the lane of `moment` knows.
  std::int64_t Look(const Moment& moment) {
    Lane& own = lanes_[moment.lane];
    if (moment.IsTooLateFor(own.pulled_at.load(std::memory_order_relaxed))) {
      own.elsewhere.store(SumBut(&own), std::memory_order_relaxed);
      own.pulled_at.store(moment.now, std::memory_order_relaxed);
    }
    // What is known of others may be older than the end here of their calls.
    const std::int64_t known = own.in_flight.load(std::memory_order_relaxed) +
                               own.elsewhere.load(std::memory_order_relaxed);
    return std::max<std::int64_t>(known, 0);
  }

  // Returns how many there are.
  std::int64_t Count() const { return SumBut(nullptr); }

 private:
  struct alignas(64) Lane {
    std::atomic<std::int64_t> in_flight{0};
    std::atomic<std::int64_t> elsewhere{0};  // As of `pulled_at`.
    std::atomic<std::int64_t> pulled_at{kLongAgo};
  };

  std::int64_t SumBut(const Lane* left_out) const {
    std::int64_t sum = 0;
    for (const Lane& lane : lanes_) {
      if (&lane != left_out) {
        sum += lane.in_flight.load(std::memory_order_relaxed);
      }
    }
    return sum;
  }

  std::array<Lane, kLanes> lanes_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_CROWD_H_
