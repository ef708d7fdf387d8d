// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_CONNECTION_H_
#define NAMING_GRPC_CONNECTION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "grpc/methods.h"

namespace naming::rpc {

// The grpc::Channel of one address, and what is known of its state.
//
// Thread-safe. Held by shared_ptr: by the list, and by the Picks of calls.
class Connection final {
 public:
  // Told of each change of state, on the StateFollower's thread.
  class Listener {
   public:
    virtual void OnStateChange() = 0;

   protected:
    ~Listener() = default;
  };

  Connection(std::string address, std::shared_ptr<grpc::Channel> channel,
             std::shared_ptr<Methods> methods,
             std::weak_ptr<Listener> listener);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& address() const { return address_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Returns the state as last looked at.
  grpc_connectivity_state state() const {
    return static_cast<grpc_connectivity_state>(
        state_.load(std::memory_order_acquire));
  }

  // Looks at the state anew, has an idle channel connect, and returns what it
  // saw.
  grpc_connectivity_state Look();

  // Look()s, and tells the listener.
  grpc_connectivity_state LookAndTell();

  // Forgets how long to wait before the next attempt to connect.
  void ResetBackoff();

  // Creates a call. The channel_tag() of `method` is a number of Methods, or
  // null.
  grpc::internal::Call CreateCall(const grpc::internal::RpcMethod& method,
                                  grpc::ClientContext* context,
                                  grpc::CompletionQueue* queue);

 private:
  const grpc::internal::RpcMethod& Registered(
      std::size_t number, grpc::internal::RpcMethod::RpcType type);

  const std::string address_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::shared_ptr<Methods> methods_;
  const std::weak_ptr<Listener> listener_;
  std::atomic<int> state_{GRPC_CHANNEL_IDLE};

  // As gRPC knows them on this channel; null until first called.
  std::array<std::atomic<const grpc::internal::RpcMethod*>, Methods::kMax>
      registered_{};
};

}  // namespace naming::rpc

#endif  // NAMING_GRPC_CONNECTION_H_
