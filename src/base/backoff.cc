// SPDX-License-Identifier: Apache-2.0

#include "base/backoff.h"

#include <algorithm>

namespace naming::base {
namespace {

using std::chrono::milliseconds;

}  // namespace

// A seed goes through seed_seq because the first draws of a minstd_rand whose
// seed is small are small too: clients seeded 1, 2, 3 would act in step.
std::minstd_rand SeededRandom(std::uint64_t seed) {
  std::seed_seq mixed{static_cast<std::uint32_t>(seed),
                      static_cast<std::uint32_t>(seed >> 32)};
  return std::minstd_rand(mixed);
}

Backoff::Backoff(milliseconds first, milliseconds max, std::uint64_t seed)
    : first_(std::min(first, max)),
      max_(max),
      bound_(first_),
      random_(SeededRandom(seed)) {}

milliseconds Backoff::Next() {
  std::uniform_int_distribution<milliseconds::rep> delay(bound_.count() / 2,
                                                         bound_.count());
  const milliseconds next(delay(random_));
  bound_ = bound_ > max_ / 2 ? max_ : bound_ * 2;
  return next;
}

void Backoff::Reset() { bound_ = first_; }

milliseconds Jittered(milliseconds interval, double share,
                      std::minstd_rand& random) {
  const auto most = static_cast<milliseconds::rep>(
      static_cast<double>(interval.count()) * std::clamp(share, 0.0, 1.0));
  std::uniform_int_distribution<milliseconds::rep> part(
      0, std::max(most, milliseconds::rep{0}));
  return interval - milliseconds(part(random));
}

}  // namespace naming::base
