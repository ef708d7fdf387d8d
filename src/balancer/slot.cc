// SPDX-License-Identifier: Apache-2.0

#include "balancer/slot.h"

#include <algorithm>
#include <string>
#include <utility>

#include "balancer/lane.h"

namespace naming::balancer {
namespace {

// As for Instances without a weight, or with a bad one.
constexpr int kDefaultWeight = 10;
constexpr int kMaxWeight = 1'000'000;

const std::string& HostnameOf(const Endpoint& endpoint) {
  static const std::string& none = *new std::string;
  return endpoint.instance == nullptr ? none : endpoint.instance->hostname;
}

const std::string& ZoneOf(const Endpoint& endpoint) {
  return endpoint.instance == nullptr ? endpoint.zone : endpoint.instance->zone;
}

// What Balancers go by.
std::int64_t WeightOf(const Candidate& candidate) {
  const int weight =
      candidate.weight > 0 ? candidate.weight : candidate.endpoint.weight;
  return weight <= 0 ? kDefaultWeight : std::min(weight, kMaxWeight);
}

}  // namespace

Slot::Slot(Candidate candidate, std::shared_ptr<Load> load)
    : Slot(WeightOf(candidate), std::move(candidate), std::move(load)) {}

Slot::Slot(std::int64_t weight, Candidate candidate, std::shared_ptr<Load> load)
    : Handle(std::move(candidate.endpoint)),
      observer_(std::move(candidate.observer)),
      load_(std::move(load)),
      weight_(weight),
      hash_(HashKey(endpoint().address)) {}

Slot::~Slot() = default;

bool Slot::IsSameAs(const Endpoint& other) const {
  const Endpoint& own = endpoint();
  if (own.address != other.address || own.scheme != other.scheme) return false;
  return (own.instance != nullptr && own.instance == other.instance) ||
         (HostnameOf(own) == HostnameOf(other) && ZoneOf(own) == ZoneOf(other));
}

bool Slot::IsEqualTo(const Candidate& candidate) const {
  return observer_ == candidate.observer && weight_ == WeightOf(candidate) &&
         endpoint() == candidate.endpoint;
}

void Slot::Unuse() {
  if (uses_.fetch_sub(1, std::memory_order_acq_rel) == 1) Drop();
}

void Slot::Done(const Outcome& outcome, std::int64_t start) {
  if (load_ == nullptr) {
    if (observer_ != nullptr) observer_->OnOutcome(outcome);
    return;
  }
  const auto latency = load_->End(outcome, start, OwnLane());
  if (observer_ == nullptr) return;
  Outcome told = outcome;
  told.latency = latency;
  observer_->OnOutcome(told);
}

}  // namespace naming::balancer
