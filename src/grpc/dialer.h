// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_DIALER_H_
#define NAMING_GRPC_DIALER_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "naming/grpc/channel.h"

namespace naming::rpc {

// Returns the grpc::Channel to "host:port" that `options` ask for, which isn't
// connected yet.
std::shared_ptr<grpc::Channel> Dial(const GrpcOptions& options,
                                    const std::string& address);

// Returns a grpc::Channel that stays idle until it is told to connect, which
// fails.
std::shared_ptr<grpc::Channel> DialNobody();

}  // namespace naming::rpc

#endif  // NAMING_GRPC_DIALER_H_
