// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_RETRY_H_
#define NAMING_GRPC_RETRY_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "naming/balancer.h"
#include "naming/export.h"
#include "naming/grpc/channel.h"

namespace naming {

// How CallWithRetry() tries again. Calling it says that the call may be
// executed twice: UNAVAILABLE may mean that the server had done what it was
// asked for before it died, and nothing tells that apart.
//
// Thread-compatible. A value.
struct NAMING_EXPORT GrpcRetryOptions {
  // So many attempts are made, the first one included. 1: no retry, for what
  // must not be executed twice. Range: [1, 100]; what is outside counts as the
  // nearest bound.
  int attempts = 3;

  // How long to wait before the second attempt: half of this at least, and at
  // most this; twice as long before each further one, up to `max_backoff`.
  // Negative counts as zero.
  std::chrono::milliseconds backoff{10};
  std::chrono::milliseconds max_backoff{100};

  // What is tried again. Leave it alone unless you know why a server of yours
  // answers so: CANCELLED and DEADLINE_EXCEEDED say that nobody waits any more.
  std::vector<grpc::StatusCode> codes = {grpc::StatusCode::UNAVAILABLE};

  // What each attempt asks for; addresses that were tried are added to `avoid`.
  PickOptions pick;
};

// Calls `call` with a new ClientContext for each attempt, and returns its last
// status. Within, it makes one call of a stub of `channel`, in any style that
// ends before it returns. Each attempt goes to an Endpoint that wasn't tried,
// while there is one, and all of them together end `timeout` after the first
// began: that is the deadline of each ClientContext. A `timeout` of zero or
// less sets no deadline.
//
// A channel's retries have a budget, which successes fill and retries use up: a
// retry costs ten successes, 50 can be made at once. When it is used up,
// because most calls fail, statuses are returned as they are.
//
// Waits on this thread. `call` must not throw. Thread-safe.
#if NAMING_GRPC_FACADE
NAMING_EXPORT grpc::Status CallWithRetry(
    GrpcChannel& channel, const GrpcRetryOptions& options,
    std::chrono::milliseconds timeout,
    const std::function<grpc::Status(grpc::ClientContext&)>& call);
#endif

// The same by gRPC's public API alone: each attempt gets the grpc::Channel of
// its Endpoint, for which `call` makes a stub.
NAMING_EXPORT grpc::Status CallWithRetry(
    GrpcChannel& channel, const GrpcRetryOptions& options,
    std::chrono::milliseconds timeout,
    const std::function<grpc::Status(
        grpc::ClientContext&, const std::shared_ptr<grpc::Channel>&)>& call);

}  // namespace naming

#endif  // NAMING_GRPC_RETRY_H_
