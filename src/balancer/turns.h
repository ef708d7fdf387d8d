// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_TURNS_H_
#define NAMING_BALANCER_TURNS_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/thread_record.h"

namespace naming::balancer {

// Whose turn it is in one group of Endpoints, for threads that know no better:
// each thread counts for itself from here on, and comes back when it has lost
// count, so that threads begin at different Endpoints and even those that pick
// once take turns.
struct Turns {
  Turns();

  const std::uint64_t id;  // Of no other group in this process.
  mutable std::atomic<std::uint64_t> next{0};
};

// Sees to it that `record` has a place for the turn of `id` and keeps the turn
// that is in that place.
void ReserveTurns(base::ThreadRecord& record, std::uint64_t id);

// Puts the turn of `id` into `turn`, its place, and keeps what is there.
// Returns false when this thread doesn't know it, or has lost count.
bool SwapTurn(base::ThreadRecord& record, std::uint64_t id,
              base::ThreadRecord::Turn& turn);

// Returns `seed`, or one that differs each time.
std::uint64_t SeedOf(const std::optional<std::uint64_t>& seed);

// Returns the 64 random bits that belong to `counter`: splitmix64.
inline std::uint64_t Mix(std::uint64_t counter) {
  counter = (counter ^ (counter >> 30)) * 0xbf58476d1ce4e5b9;
  counter = (counter ^ (counter >> 27)) * 0x94d049bb133111eb;
  return counter ^ (counter >> 31);
}

// The distance of the counters that Mix() is made for.
inline constexpr std::uint64_t kMixStep = 0x9e3779b97f4a7c15;

// Chance whose whole state is a thread's turn.
struct Chance {
  static std::uint64_t Begin(std::uint64_t seed, std::uint64_t k) {
    return Mix(seed + Mix(k + kMixStep));
  }

  static std::uint64_t Next(std::atomic<std::uint64_t>& turn) {
    const std::uint64_t counter =
        turn.load(std::memory_order_relaxed) + kMixStep;
    turn.store(counter, std::memory_order_relaxed);
    return Mix(counter);
  }

  // Returns a number in [0, bound), by the upper half of `bits` alone.
  static std::uint32_t Below(std::uint64_t bits, std::uint32_t bound) {
    return static_cast<std::uint32_t>(((bits >> 32) * bound) >> 32);
  }
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_TURNS_H_
