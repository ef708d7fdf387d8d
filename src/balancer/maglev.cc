// SPDX-License-Identifier: Apache-2.0

#include "balancer/maglev.h"

#include <algorithm>

#include "balancer/turns.h"

namespace naming::balancer {
namespace {

constexpr std::uint32_t kFree = UINT32_MAX;

// The permutation of an owner, and how it takes turns.
struct Taker {
  std::uint64_t next;
  std::uint64_t step;  // Odd, so that every place comes.
  std::int64_t weight;
  std::int64_t credit;
};

}  // namespace

MaglevTable::MaglevTable(const std::vector<Owner>& owners, std::size_t size) {
  int bits = 6;
  while ((std::size_t{1} << bits) < size) ++bits;
  shift_ = 64 - bits;
  places_.assign(std::size_t{1} << bits, kFree);
  const std::uint64_t mask = places_.size() - 1;
  std::vector<Taker> takers;
  takers.reserve(owners.size());
  std::int64_t turn_costs = 0;
  for (const Owner& owner : owners) {
    const std::uint64_t places = Mix(owner.hash);
    takers.push_back({places & mask, (places >> 32) | 1, owner.weight, 0});
    turn_costs = std::max(turn_costs, owner.weight);
  }
  for (std::size_t taken = 0; taken < places_.size();) {
    for (std::size_t i = 0; i < takers.size(); ++i) {
      Taker& taker = takers[i];
      taker.credit += taker.weight;
      if (taker.credit < turn_costs) continue;
      taker.credit -= turn_costs;
      std::uint64_t place = taker.next;
      while (places_[place] != kFree) place = (place + taker.step) & mask;
      places_[place] = static_cast<std::uint32_t>(i);
      taker.next = (place + taker.step) & mask;
      if (++taken == places_.size()) break;
    }
  }
}

}  // namespace naming::balancer
