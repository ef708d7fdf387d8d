// SPDX-License-Identifier: Apache-2.0

#include "node/request_record.h"

#include <utility>

#include "node/answers.h"
#include "node/form.h"
#include "node/request_path.h"

namespace naming::node {
namespace {

// The answer to arguments that don't bind is the protocol's only one that says
// its code in its body alone.
int CodeOf(const Response& response) {
  const bool is_protocol = response.status == 200 && response.body != nullptr;
  return response.code.value_or(is_protocol ? kCodeBadRequest : kCodeOk);
}

}  // namespace

ReceivedRequest Describe(const Request& request) {
  ReceivedRequest received;
  received.method = request.method;
  received.path = PathOf(request.target).value_or("");
  received.parameters = Form(request).values();
  return received;
}

void RequestRecord::Add(RequestId id, const Request& request) {
  if (size_ == 0) return;
  ReceivedRequest received = Describe(request);
  base::MutexLock lock(mutex_);
  requests_.emplace_hint(requests_.end(), id, std::move(received));
  if (requests_.size() > size_) requests_.erase(requests_.begin());
}

void RequestRecord::Answer(RequestId id, const Response& response) {
  base::MutexLock lock(mutex_);
  const auto it = requests_.find(id);
  if (it == requests_.end()) return;
  it->second.outcome = RequestOutcome::kAnswered;
  it->second.status = response.status;
  it->second.code = CodeOf(response);
}

void RequestRecord::Drop(RequestId id) {
  base::MutexLock lock(mutex_);
  const auto it = requests_.find(id);
  if (it != requests_.end()) it->second.outcome = RequestOutcome::kDropped;
}

std::vector<ReceivedRequest> RequestRecord::requests() const {
  base::MutexLock lock(mutex_);
  std::vector<ReceivedRequest> requests;
  requests.reserve(requests_.size());
  for (const auto& [id, request] : requests_) requests.push_back(request);
  return requests;
}

void RequestRecord::Clear() {
  base::MutexLock lock(mutex_);
  requests_.clear();
}

}  // namespace naming::node
