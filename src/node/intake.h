// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_INTAKE_H_
#define NAMING_NODE_INTAKE_H_

#include <functional>
#include <optional>
#include <unordered_map>

#include "base/loop.h"
#include "node/faults.h"
#include "node/message.h"
#include "node/request_record.h"

namespace naming::node {

// What every request passes on its way from the server to the handlers, and
// every late answer on its way back: there they are noted, and faults happen.
//
// Used on the loop's thread only. Destroying it forgets what is delayed.
class Intake final {
 public:
  struct Steps {
    // Handles a request; nullopt: the answer comes to Reply() later.
    std::function<std::optional<Response>(RequestId, const Request&)> handle;

    // Takes the late answer to a request.
    std::function<void(RequestId, const Response&)> reply;

    // Closes the connection of a request that has no answer yet.
    std::function<void(RequestId)> cut;
  };

  // `loop`, `record` and `faults` outlive the Intake.
  Intake(base::Loop& loop, RequestRecord& record, Faults& faults, Steps steps);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // Returns the answer; nullopt: it comes later, or never.
  std::optional<Response> Handle(RequestId id, const Request& request);

  // Takes a late answer of the handlers.
  void Reply(RequestId id, const Response& response);

  // To be told of a request whose client has gone.
  void Drop(RequestId id);

 private:
  void CutLater(RequestId id);
  void HandleLater(RequestId id, Request request, base::Clock::Duration delay);

  base::Loop& loop_;
  RequestRecord& record_;
  Faults& faults_;
  const Steps steps_;
  std::unordered_map<RequestId, base::Loop::TimerId> timers_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_INTAKE_H_
