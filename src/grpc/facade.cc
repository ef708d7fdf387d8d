// SPDX-License-Identifier: Apache-2.0
// What a GrpcChannel is to stubs: the overrides of grpc::ChannelInterface. All
// that rests on what isn't gRPC's API is here and in access.h; without
// NAMING_GRPC_FACADE neither is compiled.

#include <grpc/grpc.h>
#include <grpc/support/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grpc/access.h"
#include "grpc/channel_rep.h"
#include "grpc/dialer.h"
#include "grpc/outcome.h"
#include "naming/grpc/channel.h"

namespace naming {
namespace {

using std::chrono::steady_clock;

thread_local GrpcCallScope* current_scope = nullptr;

// Lent to calls that ask for a queue before it is known where they go. It lives
// as long as the process: a call may outlive its GrpcChannel.
grpc::Channel& Anchor() {
  static const auto& anchor =
      *new std::shared_ptr<grpc::Channel>(rpc::DialNobody());
  return *anchor;
}

steady_clock::time_point ToSteady(
    std::chrono::system_clock::time_point deadline) {
  const auto now = std::chrono::system_clock::now();
  if (deadline >= now + rpc::kLongestWait) {
    return steady_clock::now() + rpc::kLongestWait;
  }
  return steady_clock::now() +
         std::chrono::duration_cast<steady_clock::duration>(deadline - now);
}

steady_clock::time_point ToSteady(gpr_timespec deadline) {
  return ToSteady(grpc::Timespec2Timepoint(deadline));
}

bool HasDeadline(const grpc::ClientContext& context) {
  return gpr_time_cmp(context.raw_deadline(),
                      gpr_inf_future(GPR_CLOCK_REALTIME)) != 0;
}

// Returns a grpc::Channel all of whose calls end with `status`.
std::shared_ptr<grpc::Channel> DialLame(const absl::Status& status) {
  const std::string message(status.message());
  return grpc::CreateChannelInternal(
      "",
      grpc_lame_client_channel_create(
          nullptr, static_cast<grpc_status_code>(status.code()),
          message.c_str()),
      std::vector<std::unique_ptr<
          grpc::experimental::ClientInterceptorFactoryInterface>>());
}

}  // namespace

namespace rpc {

using grpc::internal::RpcMethod;

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

}  // namespace rpc

std::shared_ptr<grpc::Channel> GrpcChannel::Rep::LameChannel(
    const absl::Status& status) {
  base::MutexLock lock(mutex);
  if (lame_channel == nullptr || lame_status != status) {
    lame_channel = DialLame(status);
    lame_status = status;
  }
  return lame_channel;
}

void GrpcChannel::Rep::WaitIfWanted(const grpc::ClientContext& context) const {
  if (!block_until_ready || !rpc::Access::IsWaitForReady(context)) return;
  connections->WaitUntilIs(GRPC_CHANNEL_READY, ToSteady(context.deadline()));
}

grpc::internal::Call GrpcChannel::CreateCall(
    const grpc::internal::RpcMethod& method, grpc::ClientContext* context,
    grpc::CompletionQueue* queue) {
  if (rep_->default_timeout.count() > 0 && !HasDeadline(*context) &&
      method.method_type() == grpc::internal::RpcMethod::NORMAL_RPC) {
    context->set_deadline(std::chrono::system_clock::now() +
                          rep_->default_timeout);
  }
  rep_->WaitIfWanted(*context);
  GrpcCallScope* const scope =
      current_scope != nullptr && current_scope->channel_ == this
          ? current_scope
          : nullptr;
  absl::StatusOr<Rep::Choice> choice =
      rep_->Choose(scope == nullptr ? nullptr : &scope->options_);
  if (scope != nullptr) scope->picked_.clear();
  if (!choice.ok()) {
    // It has a tag of ours, which says nothing to a channel of gRPC's.
    const grpc::internal::RpcMethod plain(
        method.name(), method.suffix_for_stats(), method.method_type());
    return rpc::Access::CreateCall(*rep_->LameChannel(choice.status()), plain,
                                   context, queue);
  }
  rpc::Connection& connection = *choice->connection;
  if (scope != nullptr) scope->picked_ = connection.address();
  const rpc::HandOver hand_over(std::move(choice->pick),
                                std::move(choice->kept));
  return connection.CreateCall(method, context, queue);
}

// Calls are made by connections, and their operations go there directly.
void GrpcChannel::PerformOpsOnCall(grpc::internal::CallOpSetInterface* /*ops*/,
                                   grpc::internal::Call* /*call*/) {}

void* GrpcChannel::RegisterMethod(const char* method) {
  // A number in gRPC's place for a pointer; Connection takes it out again.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<void*>(rep_->methods->Register(method));
}

void GrpcChannel::NotifyOnStateChangeImpl(grpc_connectivity_state last_observed,
                                          gpr_timespec deadline,
                                          grpc::CompletionQueue* queue,
                                          void* tag) {
  rep_->connections->Notify(last_observed, deadline, queue, tag);
}

bool GrpcChannel::WaitForStateChangeImpl(grpc_connectivity_state last_observed,
                                         gpr_timespec deadline) {
  return rep_->connections->WaitUntilIsNot(last_observed, ToSteady(deadline));
}

grpc::CompletionQueue* GrpcChannel::CallbackCQ() {
  return rpc::Access::CallbackQueue(Anchor());
}

GrpcCallScope::GrpcCallScope(GrpcChannel& channel, PickOptions options)
    : channel_(&channel), options_(std::move(options)), outer_(current_scope) {
  current_scope = this;
}

GrpcCallScope::~GrpcCallScope() { current_scope = outer_; }

}  // namespace naming
