// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_ACCESS_H_
#define NAMING_GRPC_ACCESS_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

namespace naming::rpc {

struct AccessTag;

}  // namespace naming::rpc

// grpc::ChannelInterface and grpc::ClientContext are friends of every
// specialization of this template ([temp.friend]), so of this one for a type of
// ours: it may do for a GrpcChannel what gRPC's own calls do. When gRPC changes
// what is used here, this doesn't compile.
template <>
class grpc::internal::BlockingUnaryCallImpl<naming::rpc::AccessTag,
                                            naming::rpc::AccessTag>
    final {
 public:
  static Call CreateCall(ChannelInterface& channel, const RpcMethod& method,
                         ClientContext* context, CompletionQueue* queue) {
    return channel.CreateCall(method, context, queue);
  }

  static CompletionQueue* CallbackQueue(ChannelInterface& channel) {
    return channel.CallbackCQ();
  }

  static bool IsWaitForReady(const ClientContext& context) {
    return context.wait_for_ready_;
  }
};

namespace naming::rpc {

using Access = grpc::internal::BlockingUnaryCallImpl<AccessTag, AccessTag>;

}  // namespace naming::rpc

#endif  // NAMING_GRPC_ACCESS_H_
