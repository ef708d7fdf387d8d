// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_WEIGHTED_CYCLE_H_
#define NAMING_BALANCER_WEIGHTED_CYCLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace naming::balancer {

// The order in which things with weights take turns: over `length` turns each
// comes exactly as often as its weight, divided by what all weights have in
// common, says.
//
// A short cycle is written out: a point is a place in it. A long one isn't,
// weights may be a million: each thing owns an interval of [0, length), as wide
// as its weight, and the next point is a constant step further, round the end.
// As step and length have no common divisor every point comes once a cycle; and
// as their ratio is the golden one, the visits of an interval are spread as
// evenly as can be (the three-gap theorem).
//
// Immutable.
class WeightedCycle final {
 public:
  // `weights` are positive; their sum is below 2^63.
  explicit WeightedCycle(const std::vector<std::int64_t>& weights);

  std::uint64_t length() const { return length_; }

  // Returns the point of the `k`-th turn.
  std::uint64_t Point(std::uint64_t k) const;

  // Returns the point after `point`, which is below `length`.
  std::uint64_t Next(std::uint64_t point) const {
    const std::uint64_t rest = length_ - step_;
    return point >= rest ? point - rest : point + step_;
  }

  // Returns whose turn it is at `point`, which is below `length`.
  std::size_t At(std::uint64_t point) const {
    if (!order_.empty()) return order_[point];
    // One step is taken without a jump that the processor couldn't foresee.
    std::size_t i = guide_[Section(point)];
    i += point >= ends_[i] ? 1U : 0U;
    if (__builtin_expect(point < ends_[i], 1)) return i;
    return Search(point, i);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  // Which part of [0, length) `point` lies in: there are as many, equally wide,
  // as `guide_` is long, so many more than intervals that hardly any has two
  // ends in it.
  std::size_t Section(std::uint64_t point) const {
    return static_cast<std::size_t>((Wide{point} * sections_per_point_) >> 64);
  }

  std::size_t Search(std::uint64_t point, std::size_t from) const;

  void WriteOut(const std::vector<std::int64_t>& weights, std::int64_t divisor);
  void MakeGuide();

  std::vector<std::uint32_t> order_;  // Empty when it is too long.
  std::vector<std::uint64_t> ends_;   // Of the intervals; ascending.
  std::vector<std::uint32_t> guide_;  // Section → the first interval in it.
  std::uint64_t length_ = 0;
  std::uint64_t step_ = 0;
  std::uint64_t sections_per_point_ = 0;  // Times 2^64.
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_WEIGHTED_CYCLE_H_
