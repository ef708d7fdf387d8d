// SPDX-License-Identifier: Apache-2.0

#include "grpc/connection.h"

#include <cstdint>
#include <utility>

#include "grpc/access.h"

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

grpc::internal::Call Connection::CreateCall(const RpcMethod& method,
                                            grpc::ClientContext* context,
                                            grpc::CompletionQueue* queue) {
  const auto number = reinterpret_cast<std::uintptr_t>(method.channel_tag());
  if (number == 0) {
    return Access::CreateCall(*channel_, method, context, queue);
  }
  if (method.suffix_for_stats() != nullptr) {
    // The suffix is the stub's, which may be gone before the connection is.
    const RpcMethod unregistered(method.name(), method.suffix_for_stats(),
                                 method.method_type());
    return Access::CreateCall(*channel_, unregistered, context, queue);
  }
  return Access::CreateCall(*channel_, Registered(number, method.method_type()),
                            context, queue);
}

const RpcMethod& Connection::Registered(std::size_t number,
                                        RpcMethod::RpcType type) {
  std::atomic<const RpcMethod*>& place = registered_[number - 1];
  const RpcMethod* known = place.load(std::memory_order_acquire);
  if (known != nullptr) return *known;
  auto made =
      std::make_unique<const RpcMethod>(methods_->name(number), type, channel_);
  if (place.compare_exchange_strong(known, made.get())) return *made.release();
  return *known;
}

}  // namespace naming::rpc
