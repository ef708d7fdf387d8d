// SPDX-License-Identifier: Apache-2.0

#include "node/intake.h"

#include <utility>

#include "node/answers.h"

namespace naming::node {
namespace {

Response RefusalOf(const Fault& fault) {
  if (fault.code < 400 || fault.code > 599) {
    return CodeAnswer(fault.code < 0 ? fault.code : kCodeServerError);
  }
  Response response;
  response.status = fault.code;
  return response;
}

}  // namespace

Intake::Intake(base::Loop& loop, RequestRecord& record, Faults& faults,
               Steps steps)
    : loop_(loop), record_(record), faults_(faults), steps_(std::move(steps)) {}

Intake::~Intake() {
  for (const auto& [id, timer] : timers_) loop_.CancelTimer(timer);
}

std::optional<Response> Intake::Handle(RequestId id, const Request& request) {
  record_.Add(id, request);
  const std::optional<Fault> fault = faults_.Take(request);
  std::optional<Response> response;
  if (!fault) {
    response = steps_.handle(id, request);
  } else if (fault->kind == FaultKind::kRefuse) {
    response = RefusalOf(*fault);
  } else if (fault->kind == FaultKind::kDelay) {
    HandleLater(id, request, fault->delay);
  } else {
    CutLater(id);
  }
  if (response) record_.Answer(id, *response);
  return response;
}

void Intake::Reply(RequestId id, const Response& response) {
  record_.Answer(id, response);
  steps_.reply(id, response);
}

void Intake::Drop(RequestId id) {
  record_.Drop(id);
  const auto timer = timers_.find(id);
  if (timer == timers_.end()) return;
  loop_.CancelTimer(timer->second);
  timers_.erase(timer);
}

// Not at once: the server is in the middle of the request.
void Intake::CutLater(RequestId id) {
  record_.Drop(id);
  timers_[id] = loop_.RunAfter(base::Clock::Duration(0), [this, id] {
    timers_.erase(id);
    steps_.cut(id);
  });
}

void Intake::HandleLater(RequestId id, Request request,
                         base::Clock::Duration delay) {
  timers_[id] = loop_.RunAfter(delay, [this, id, request = std::move(request)] {
    timers_.erase(id);
    const std::optional<Response> response = steps_.handle(id, request);
    if (response) Reply(id, *response);
  });
}

}  // namespace naming::node
