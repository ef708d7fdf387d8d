// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer.h"

#include <utility>

#include "base/hash.h"

namespace naming {

std::uint64_t HashKey(std::string_view text) {
  return base::Mix64(base::Fnv1a64(text));
}

OutcomeObserver::~OutcomeObserver() = default;

Pick& Pick::operator=(Pick&& other) noexcept {
  if (this == &other) return *this;
  const Pick ended(std::move(*this));
  handle_ = std::exchange(other.handle_, nullptr);
  hold_ = other.hold_;
  start_ = other.start_;
  is_done_ = other.is_done_;
  return *this;
}

void Pick::Cancel() {
  Outcome cancelled;
  cancelled.result = Outcome::Result::kCancelled;
  Done(cancelled);
}

Pick::Handle::~Handle() = default;

Balancer::~Balancer() = default;

void Balancer::Update(std::vector<Endpoint> endpoints) {
  std::vector<Candidate> candidates;
  candidates.reserve(endpoints.size());
  for (Endpoint& endpoint : endpoints) {
    candidates.emplace_back().endpoint = std::move(endpoint);
  }
  UpdateCandidates(std::move(candidates));
}

}  // namespace naming
