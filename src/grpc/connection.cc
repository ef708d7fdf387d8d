// SPDX-License-Identifier: Apache-2.0

#include "grpc/connection.h"

#include <utility>

namespace naming::rpc {

using grpc::internal::RpcMethod;

Connection::Connection(std::string address,
                       std::shared_ptr<grpc::Channel> channel,
                       std::shared_ptr<Methods> methods,
                       std::weak_ptr<Listener> listener)
    : address_(std::move(address)),
      channel_(std::move(channel)),
      methods_(std::move(methods)),
      listener_(std::move(listener)) {}

Connection::~Connection() {
  for (const auto& method : registered_) delete method.load();
}

grpc_connectivity_state Connection::Look() {
  const grpc_connectivity_state state = channel_->GetState(true);
  state_.store(state, std::memory_order_release);
  return state;
}

grpc_connectivity_state Connection::LookAndTell() {
  const grpc_connectivity_state state = Look();
  if (const auto listener = listener_.lock()) listener->OnStateChange();
  return state;
}

void Connection::ResetBackoff() {
  grpc::experimental::ChannelResetConnectionBackoff(channel_.get());
}

}  // namespace naming::rpc
