// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer.h"

#include <utility>

namespace naming {

// FNV-1a, whose low bits alone are good, finished by the mixer of splitmix64.
std::uint64_t HashKey(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
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
