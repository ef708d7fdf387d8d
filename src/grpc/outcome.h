// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_OUTCOME_H_
#define NAMING_GRPC_OUTCOME_H_

#include <grpcpp/support/client_interceptor.h>

#include <memory>

#include "naming/balancer.h"

namespace naming::rpc {

// Gives `pick` to the call that is created next on this thread, within the
// lifetime of the HandOver, which keeps it when there is none. What made the
// choice hears of that call's status. `kept` lives as long as the call's
// ClientContext.
//
// For one thread.
class HandOver final {
 public:
  HandOver(Pick pick, std::shared_ptr<const void> kept);
  ~HandOver();
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;

 private:
  friend class OutcomeInterceptors;

  Pick pick_;
  std::shared_ptr<const void> kept_;
};

// Returns what makes the interceptors that take over a Pick; for each channel
// one, and before all others.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>
MakeOutcomeInterceptors();

}  // namespace naming::rpc

#endif  // NAMING_GRPC_OUTCOME_H_
