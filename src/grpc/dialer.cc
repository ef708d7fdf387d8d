// SPDX-License-Identifier: Apache-2.0

#include "grpc/dialer.h"

#include <arpa/inet.h>
#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "base/url.h"
#include "grpc/outcome.h"

namespace naming::rpc {
namespace {

using Interceptors = std::vector<
    std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>;

// Numbers aren't looked up: that would take a resolver, and the time it takes.
std::string TargetFor(const std::string& address) {
  const std::optional<base::HostPort> parsed = base::ParseHostPort(address);
  unsigned char bytes[sizeof(in6_addr)];
  if (parsed && inet_pton(AF_INET, parsed->host.c_str(), bytes) == 1) {
    return "ipv4:" + address;
  }
  if (parsed && inet_pton(AF_INET6, parsed->host.c_str(), bytes) == 1) {
    return "ipv6:" + address;
  }
  return "dns:///" + address;
}

int Count(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

grpc::ChannelArguments ArgumentsOf(const GrpcOptions& options,
                                   const std::string& address) {
  grpc::ChannelArguments arguments = options.arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   Count(options.min_backoff));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                   Count(options.max_backoff));
  // What the registry says is an address is one: a proxy out of the environment
  // would be asked for it instead.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (options.keepalive.count() > 0) {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Count(options.keepalive));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                     Count(options.keepalive_timeout));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  }
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY,
                      options.authority.empty() ? address : options.authority);
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::Channel> Dial(const GrpcOptions& options,
                                    const std::string& address) {
  Interceptors interceptors;
  interceptors.push_back(MakeOutcomeInterceptors());
  if (options.make_interceptors) {
    for (auto& interceptor : options.make_interceptors()) {
      if (interceptor != nullptr) {
        interceptors.push_back(std::move(interceptor));
      }
    }
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      TargetFor(address),
      options.credentials == nullptr ? grpc::InsecureChannelCredentials()
                                     : options.credentials,
      ArgumentsOf(options, address), std::move(interceptors));
}

std::shared_ptr<grpc::Channel> DialNobody() {
  return grpc::CreateChannel("unix-abstract:naming-nobody",
                             grpc::InsecureChannelCredentials());
}

}  // namespace naming::rpc
