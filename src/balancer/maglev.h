// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_MAGLEV_H_
#define NAMING_BALANCER_MAGLEV_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace naming::balancer {

// A table that leads from hashes to owners, each of which has its share of the
// places by weight, as in Google's paper "Maglev" (2016): the owners take turns
// in taking the next free place of a permutation of their own. Each has one
// place at least. A pure function of the owners and their order; building it
// takes time in proportion to the places, whatever the weights.
//
// Immutable.
class MaglevTable final {
 public:
  struct Owner {
    std::uint64_t hash;   // Decides on its places.
    std::int64_t weight;  // Positive.
  };

  // `size` is rounded up to a power of two, of at least 64, and of 4 places for
  // each owner. There is at least one owner.
  MaglevTable(const std::vector<Owner>& owners, std::size_t size);

  std::size_t size() const { return places_.size(); }

  // Returns which owner has the place of `hash`.
  std::size_t At(std::uint64_t hash) const { return places_[hash >> shift_]; }

  // Returns the owner that is `k` places behind it.
  std::size_t After(std::uint64_t hash, std::size_t k) const {
    return places_[((hash >> shift_) + k) & (places_.size() - 1)];
  }

 private:
  std::vector<std::uint32_t> places_;
  int shift_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_MAGLEV_H_
