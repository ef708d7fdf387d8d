// SPDX-License-Identifier: Apache-2.0

#include "balancer/weighted_cycle.h"

#include <algorithm>
#include <numeric>

namespace naming::balancer {
namespace {

// A cycle up to this length is written out.
constexpr std::uint64_t kWrittenOut = 4096;

// Returns the number next to length / φ that has no divisor in common with
// `length`, which is above 1.
std::uint64_t GoldenStep(std::uint64_t length) {
  const auto golden = static_cast<std::uint64_t>(
      static_cast<long double>(length) * 0.618033988749894848L + 0.5L);
  for (std::uint64_t distance = 0; distance < length; ++distance) {
    if (golden + distance < length &&
        std::gcd(golden + distance, length) == 1) {
      return golden + distance;
    }
    if (golden > distance && std::gcd(golden - distance, length) == 1) {
      return golden - distance;
    }
  }
  return 1;
}

}  // namespace

WeightedCycle::WeightedCycle(const std::vector<std::int64_t>& weights) {
  std::int64_t divisor = 0;
  for (const std::int64_t weight : weights) {
    divisor = std::gcd(divisor, weight);
    if (divisor == 1) break;
  }
  ends_.reserve(weights.size());
  for (const std::int64_t weight : weights) {
    length_ += static_cast<std::uint64_t>(weight / divisor);
    ends_.push_back(length_);
  }
  if (length_ <= kWrittenOut) {
    WriteOut(weights, divisor);
  } else {
    MakeGuide();
  }
}

// The k-th of the w turns of a thing is due at (k + 1/2) / w of the cycle: they
// are sorted by that into as many buckets as there are turns, and in a bucket
// stand as they come.
void WeightedCycle::WriteOut(const std::vector<std::int64_t>& weights,
                             std::int64_t divisor) {
  step_ = 1 % std::max<std::uint64_t>(length_, 1);
  const auto for_each_turn = [&](const auto& visit) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto weight = static_cast<std::uint64_t>(weights[i] / divisor);
      for (std::uint64_t k = 0; k < weight; ++k) {
        visit(i, (2 * k + 1) * length_ / (2 * weight));
      }
    }
  };
  std::vector<std::uint32_t> begins(length_ + 1, 0);
  for_each_turn([&](std::size_t, std::uint64_t due) { ++begins[due + 1]; });
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  order_.resize(length_);
  for_each_turn([&](std::size_t i, std::uint64_t due) {
    order_[begins[due]++] = static_cast<std::uint32_t>(i);
  });
}

void WeightedCycle::MakeGuide() {
  step_ = GoldenStep(length_);
  // Fewer than points: `sections_per_point_` is a fraction.
  int bits = 0;
  while ((std::uint64_t{1} << bits) < 4 * ends_.size() &&
         (std::uint64_t{2} << bits) < length_) {
    ++bits;
  }
  const std::uint64_t sections = std::uint64_t{1} << bits;
  sections_per_point_ =
      static_cast<std::uint64_t>((Wide{sections} << 64) / length_);
  guide_.reserve(sections);
  std::uint32_t interval = 0;
  for (std::uint64_t section = 0; section < sections; ++section) {
    // The first that may be in it: Section() rounds down.
    const auto begin =
        static_cast<std::uint64_t>((Wide{length_} * section) >> bits);
    while (begin > ends_[interval]) ++interval;
    guide_.push_back(interval);
  }
}

std::uint64_t WeightedCycle::Point(std::uint64_t k) const {
  return static_cast<std::uint64_t>(Wide{k % length_} * step_ % length_);
}

std::size_t WeightedCycle::Search(std::uint64_t point, std::size_t from) const {
  const auto begin = ends_.begin() + static_cast<std::ptrdiff_t>(from);
  return static_cast<std::size_t>(std::upper_bound(begin, ends_.end(), point) -
                                  ends_.begin());
}

}  // namespace naming::balancer
