// SPDX-License-Identifier: Apache-2.0

#include "balancer/maglev.h"

#include <algorithm>

#include "balancer/turns.h"

namespace naming::balancer {
namespace {

constexpr std::uint32_t kFree = UINT32_MAX;

// Each owner has so many places in the mean, at least.
constexpr std::size_t kPlacesEach = 4;

// The permutation of an owner, and how it takes turns.
struct Taker {
  std::uint64_t next;
  std::uint64_t step;  // Odd, so that every place comes.
  std::int64_t weight;
  std::int64_t credit;
  std::uint32_t owner;
};

// Takers that are asked in every `period`-th round, and then get credit for as
// many: more than half of what a place costs. So the rounds cost in proportion
// to the places, however much the weights differ.
struct Class {
  std::vector<Taker> takers;  // In the owners' order.
};

// Hands out the places.
class Places final {
 public:
  explicit Places(std::vector<std::uint32_t>& places)
      : places_(places), mask_(places.size() - 1) {}

  bool is_full() const { return taken_ == places_.size(); }

  void TakeNext(Taker& taker) {
    std::uint64_t place = taker.next;
    while (places_[place] != kFree) place = (place + taker.step) & mask_;
    places_[place] = taker.owner;
    taker.next = (place + taker.step) & mask_;
    ++taken_;
  }

 private:
  std::vector<std::uint32_t>& places_;
  const std::uint64_t mask_;
  std::size_t taken_ = 0;
};

// Returns the owners' takers by class: a class's period is 2 to the power of
// its index.
std::vector<Class> Classify(const std::vector<MaglevTable::Owner>& owners,
                            std::int64_t turn_costs, std::uint64_t mask) {
  std::vector<Class> classes(1);
  for (std::uint32_t i = 0; i < owners.size(); ++i) {
    const MaglevTable::Owner& owner = owners[i];
    std::size_t index = 0;
    while (owner.weight << (index + 1) <= turn_costs) ++index;
    if (classes.size() <= index) classes.resize(index + 1);
    const std::uint64_t places = Mix(owner.hash);
    classes[index].takers.push_back(
        {places & mask, (places >> 32) | 1, owner.weight << index, 0, i});
  }
  return classes;
}

}  // namespace

MaglevTable::MaglevTable(const std::vector<Owner>& owners, std::size_t size) {
  size = std::max(size, owners.size() * kPlacesEach);
  int bits = 6;
  while ((std::size_t{1} << bits) < size) ++bits;
  shift_ = 64 - bits;
  places_.assign(std::size_t{1} << bits, kFree);
  std::int64_t turn_costs = 0;
  for (const Owner& owner : owners) {
    turn_costs = std::max(turn_costs, owner.weight);
  }
  std::vector<Class> classes = Classify(owners, turn_costs, places_.size() - 1);
  Places places(places_);
  // Everybody's first place is had on credit: else the table could be full
  // before those of little weight have one.
  for (Class& same : classes) {
    for (Taker& taker : same.takers) {
      places.TakeNext(taker);
      taker.credit -= turn_costs;
    }
  }
  for (std::uint64_t round = 1; !places.is_full(); ++round) {
    for (std::size_t index = 0; index < classes.size(); ++index) {
      if ((round & ((std::uint64_t{1} << index) - 1)) != 0) break;
      for (Taker& taker : classes[index].takers) {
        taker.credit += taker.weight;
        if (taker.credit < turn_costs) continue;
        taker.credit -= turn_costs;
        if (places.is_full()) return;
        places.TakeNext(taker);
      }
    }
  }
}

}  // namespace naming::balancer
