// SPDX-License-Identifier: Apache-2.0

#include "balancer/listing.h"

#include <utility>

namespace naming::balancer {
namespace {

void Part(const Slot& slot) {
  if (slot.load() != nullptr) slot.load()->Part();
}

// Whether it would count in the crowd of another color than its own.
bool IsInOtherCrowd(const Slot& slot, const Endpoint& endpoint) {
  return slot.load() != nullptr && slot.load()->crowd() != nullptr &&
         slot.endpoint().color != endpoint.color;
}

}  // namespace

Listing::Listing(MakeLoad make_load) : make_load_(std::move(make_load)) {}

Listing::~Listing() {
  for (Slot* slot : slots_) slot->Unuse();
}

void Listing::Update(std::vector<Candidate> candidates) {
  ++update_;
  previous_ = std::exchange(slots_, Slots());
  position_ = 0;
  slots_.reserve(candidates.size());
  not_ejected_.clear();
  not_ejected_.reserve(candidates.size());
  for (Candidate& candidate : candidates) Take(candidate);
  for (Slot* slot : previous_) {
    if (slot->listed_in == update_) continue;
    Part(*slot);
    Erase(slot);
    slot->Unuse();
  }
  previous_.clear();
  for (Slot* slot : replaced_) slot->Unuse();
  replaced_.clear();
  JoinCrowds();
}

// Whoever can be chosen is in its crowd, and nobody else.
void Listing::JoinCrowds() {
  if (slots_.empty() || slots_[0]->load() == nullptr ||
      slots_[0]->load()->crowd() == nullptr) {
    return;
  }
  if (chosen_from().size() < slots_.size()) {
    std::size_t next = 0;
    for (const Slot* slot : slots_) {
      if (next < not_ejected_.size() && slot == not_ejected_[next]) {
        ++next;
      } else {
        Part(*slot);
      }
    }
  }
  for (const Slot* slot : chosen_from()) slot->load()->Join();
}

void Listing::Take(Candidate& candidate) {
  Slot* slot = Find(candidate.endpoint);
  if (slot != nullptr && slot->listed_in == update_) return;
  const bool is_ejected = candidate.is_ejected;
  if (slot == nullptr || !slot->IsEqualTo(candidate)) {
    std::shared_ptr<Load> load;
    if (slot == nullptr) {
      load = make_load_(candidate.endpoint);
    } else if (IsInOtherCrowd(*slot, candidate.endpoint)) {
      Part(*slot);
      load = make_load_(candidate.endpoint);
    } else {
      load = slot->load();
    }
    if (slot != nullptr) {
      slot->listed_in = update_;
      replaced_.push_back(slot);
      Erase(slot);
    }
    slot = new Slot(std::move(candidate), std::move(load));
    Insert(slot);
  }
  slot->listed_in = update_;
  slots_.push_back(slot);
  if (!is_ejected) not_ejected_.push_back(slot);
}

// Lists mostly keep their order: the wanted one is the next, or the one after
// that when the next has left.
Slot* Listing::Find(const Endpoint& endpoint) {
  for (std::size_t i = position_; i < position_ + 2 && i < previous_.size();
       ++i) {
    if (previous_[i]->IsSameAs(endpoint)) {
      position_ = i + 1;
      return previous_[i];
    }
  }
  return FindByHash(endpoint);
}

Slot* Listing::FindByHash(const Endpoint& endpoint) const {
  const auto [begin, end] = by_hash_.equal_range(HashKey(endpoint.address));
  for (auto it = begin; it != end; ++it) {
    if (it->second->IsSameAs(endpoint)) return it->second;
  }
  return nullptr;
}

void Listing::Insert(Slot* slot) { by_hash_.emplace(slot->hash(), slot); }

void Listing::Erase(const Slot* slot) {
  const auto [begin, end] = by_hash_.equal_range(slot->hash());
  for (auto it = begin; it != end; ++it) {
    if (it->second == slot) {
      by_hash_.erase(it);
      return;
    }
  }
}

}  // namespace naming::balancer
