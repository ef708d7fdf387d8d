// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/round_robin.h"

#include <cstddef>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace naming::balancer {
namespace {

class Turn final : public Pick::Handle {
 public:
  explicit Turn(Candidate candidate)
      : Handle(std::move(candidate.endpoint)),
        observer_(std::move(candidate.observer)) {}

  void Done(const Outcome& outcome, std::int64_t /*start*/) override {
    if (observer_ != nullptr) observer_->OnOutcome(outcome);
  }

  void Release(std::uintptr_t hold) override {
    delete reinterpret_cast<std::shared_ptr<Turn>*>(hold);
  }

 private:
  const std::shared_ptr<OutcomeObserver> observer_;
};

}  // namespace

struct RoundRobin::Rep {
  base::Mutex mutex;
  std::vector<std::shared_ptr<Turn>> turns ABSL_GUARDED_BY(mutex);
  std::size_t next ABSL_GUARDED_BY(mutex) = 0;
};

RoundRobin::RoundRobin() : rep_(std::make_unique<Rep>()) {}

RoundRobin::~RoundRobin() = default;

void RoundRobin::UpdateCandidates(std::vector<Candidate> candidates) {
  std::vector<std::shared_ptr<Turn>> turns;
  for (Candidate& candidate : candidates) {
    if (candidate.is_ejected) continue;
    turns.push_back(std::make_shared<Turn>(std::move(candidate)));
  }
  base::MutexLock lock(rep_->mutex);
  rep_->turns.swap(turns);
}

absl::StatusOr<Pick> RoundRobin::DoChoose(const PickOptions* /*options*/) {
  base::MutexLock lock(rep_->mutex);
  if (rep_->turns.empty()) {
    return absl::UnavailableError("round robin: there is no endpoint");
  }
  if (rep_->next >= rep_->turns.size()) rep_->next = 0;
  auto* hold = new std::shared_ptr<Turn>(rep_->turns[rep_->next++]);
  return Pick(**hold, reinterpret_cast<std::uintptr_t>(hold));
}

PickRef RoundRobin::DoPeek(const PickOptions* /*options*/) {
  base::MutexLock lock(rep_->mutex);
  if (rep_->turns.empty()) return PickRef();
  if (rep_->next >= rep_->turns.size()) rep_->next = 0;
  return PickRef(&rep_->turns[rep_->next++]->endpoint(), nullptr, 0);
}

}  // namespace naming::balancer
