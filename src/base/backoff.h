// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_BACKOFF_H_
#define NAMING_BASE_BACKOFF_H_

#include <chrono>
#include <cstdint>
#include <random>

namespace naming::base {

// Returns a generator whose draws have nothing in common with those of other
// seeds, be they ever so near.
std::minstd_rand SeededRandom(std::uint64_t seed);

// Exponential back-off with jitter: each delay is drawn from [half, whole] of a
// bound that doubles from `first` to `max`.
//
// Thread-compatible.
class Backoff final {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max,
          std::uint64_t seed);

  std::chrono::milliseconds Next();

  // Begins again at `first`.
  void Reset();

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds max_;
  std::chrono::milliseconds bound_;
  std::minstd_rand random_;
};

// Returns `interval`, shortened by a random part of it, at most `share`.
std::chrono::milliseconds Jittered(std::chrono::milliseconds interval,
                                   double share, std::minstd_rand& random);

}  // namespace naming::base

#endif  // NAMING_BASE_BACKOFF_H_
