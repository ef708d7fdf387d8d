// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_LISTING_H_
#define NAMING_BALANCER_LISTING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "balancer/slot.h"
#include "balancer/table.h"
#include "naming/balancer.h"

namespace naming::balancer {

// The Slots of the list that a Balancer was given last. Finds those of the next
// list among them, so that what hasn't changed stays the same object, and what
// was learnt of an Endpoint stays with it.
//
// Thread-compatible.
class Listing final {
 public:
  using MakeLoad = std::function<std::shared_ptr<Load>(const Endpoint&)>;

  // `make_load` returns the Load of an Endpoint that is new; it may return
  // null.
  explicit Listing(MakeLoad make_load);
  ~Listing();
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;

  // Takes a list; of equal Endpoints the first counts.
  void Update(std::vector<Candidate> candidates);

  const Slots& slots() const { return slots_; }

  // Those that are not ejected; when all are ejected, all.
  const Slots& chosen_from() const {
    return not_ejected_.empty() ? slots_ : not_ejected_;
  }

 private:
  Slot* Find(const Endpoint& endpoint);
  Slot* FindByHash(const Endpoint& endpoint) const;
  void Insert(Slot* slot);
  void Erase(const Slot* slot);
  // Moves from `candidate` if it needs a new Slot.
  void Take(Candidate& candidate);

  void JoinCrowds();

  const MakeLoad make_load_;
  std::uint64_t update_ = 0;
  Slots slots_;  // Used by this object.
  Slots not_ejected_;
  std::unordered_multimap<std::uint64_t, Slot*> by_hash_;

  // While updating:
  Slots previous_;
  Slots replaced_;  // Those of `previous_` that have other contents now.
  std::size_t position_ = 0;  // Where in `previous_` the next one likely is.
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_LISTING_H_
