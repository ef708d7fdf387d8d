// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_CHANNEL_REP_H_
#define NAMING_GRPC_CHANNEL_REP_H_

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "grpc/connection.h"
#include "grpc/connections.h"
#include "grpc/methods.h"
#include "grpc/retry_budget.h"
#include "naming/balanced.h"
#include "naming/grpc/channel.h"

namespace naming {
namespace rpc {

// To which a wait without a limit is bounded: it can be added to any time.
inline constexpr std::chrono::hours kLongestWait{24 * 365};

}  // namespace rpc

struct GrpcChannel::Rep {
  // One choice, and how to reach it.
  struct Choice {
    naming::Pick pick;
    rpc::Connection* connection;
    // Null where `pick` keeps `connection` alive.
    std::shared_ptr<rpc::Connection> kept;
  };

  explicit Rep(const GrpcOptions& options);

  // Returns the options that a Balanced is to be made with. To be called once.
  BalancedOptions WrappedOptions(BalancedOptions options) const;

  // `options` may be null.
  absl::StatusOr<Choice> Choose(const PickOptions* options);

  // Returns a channel all of whose calls fail with `status`.
  std::shared_ptr<grpc::Channel> LameChannel(const absl::Status& status);

  void WaitIfWanted(const grpc::ClientContext& context) const;

  const std::chrono::milliseconds default_timeout;
  const bool block_until_ready;
  const std::shared_ptr<rpc::Methods> methods =
      std::make_shared<rpc::Methods>();
  const std::shared_ptr<rpc::Connections> connections;
  rpc::RetryBudget budget;

  base::Mutex mutex;
  std::shared_ptr<grpc::Channel> lame_channel ABSL_GUARDED_BY(mutex);
  absl::Status lame_status ABSL_GUARDED_BY(mutex);

  // Last: it ends first, and calls the others until then.
  std::unique_ptr<Balanced> balanced;
};

}  // namespace naming

#endif  // NAMING_GRPC_CHANNEL_REP_H_
