// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_SLOT_H_
#define NAMING_BALANCER_SLOT_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "balancer/load.h"
#include "base/reclaim.h"
#include "naming/balancer.h"

namespace naming::balancer {

// One Endpoint in the tables of a Balancer; what its Picks refer to.
//
// Thread-safe. Made with one use; lives until it isn't used by a table any
// more, nor held by a Pick.
class Slot final : public Pick::Handle, public base::Holdable {
 public:
  // `load` is null for Balancers that learn nothing.
  Slot(Candidate candidate, std::shared_ptr<Load> load);

  const std::shared_ptr<OutcomeObserver>& observer() const { return observer_; }
  const std::shared_ptr<Load>& load() const { return load_; }

  // From 1 to 1,000,000.
  std::int64_t weight() const { return weight_; }

  // What identifies it in consistent hashing.
  std::uint64_t hash() const { return hash_; }

  // Whether it stands for the same Endpoint, maybe with other contents.
  bool IsSameAs(const Endpoint& other) const;

  // Whether `candidate` needs no new Slot.
  bool IsEqualTo(const Candidate& candidate) const;

  void Use() { uses_.fetch_add(1, std::memory_order_relaxed); }
  void Unuse();

  void Done(const Outcome& outcome, std::int64_t start) override;
  void Release(std::uintptr_t hold) override { LetGo(hold); }

  // The update that last listed it; for who updates.
  std::uint64_t listed_in = 0;

 private:
  Slot(std::int64_t weight, Candidate candidate, std::shared_ptr<Load> load);
  ~Slot() override;

  const std::shared_ptr<OutcomeObserver> observer_;
  const std::shared_ptr<Load> load_;
  const std::int64_t weight_;
  const std::uint64_t hash_;
  std::atomic<std::int64_t> uses_{1};
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_SLOT_H_
