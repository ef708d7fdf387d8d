// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/round_robin.h"

#include <cstddef>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace naming::balancer {

struct RoundRobin::Rep {
  base::Mutex mutex;
  std::vector<std::shared_ptr<const Endpoint>> endpoints ABSL_GUARDED_BY(mutex);
  std::size_t next ABSL_GUARDED_BY(mutex) = 0;
};

RoundRobin::RoundRobin() : rep_(std::make_unique<Rep>()) {}

RoundRobin::~RoundRobin() = default;

void RoundRobin::Update(std::vector<Endpoint> endpoints) {
  std::vector<std::shared_ptr<const Endpoint>> shared;
  shared.reserve(endpoints.size());
  for (Endpoint& endpoint : endpoints) {
    shared.push_back(std::make_shared<const Endpoint>(std::move(endpoint)));
  }
  base::MutexLock lock(rep_->mutex);
  rep_->endpoints.swap(shared);
}

absl::StatusOr<Pick> RoundRobin::Choose() {
  base::MutexLock lock(rep_->mutex);
  if (rep_->endpoints.empty()) {
    return absl::UnavailableError("round robin: there is no endpoint");
  }
  if (rep_->next >= rep_->endpoints.size()) rep_->next = 0;
  return Pick(rep_->endpoints[rep_->next++]);
}

}  // namespace naming::balancer
