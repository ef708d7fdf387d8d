// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_PROTOCOL_H_
#define NAMING_XDS_PROTOCOL_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/endpoint.h"

// What xDS v3 says, as bytes: the messages of envoy.service.discovery.v3 and
// what they hold, of which gRPC and Envoy read the fields written here. Pure
// functions.
namespace naming::xds {

// The types of resources that an application has, each under its name.
enum class Type { kListener, kRoute, kCluster, kEndpoints };
inline constexpr int kTypes = 4;

// Returns "type.googleapis.com/envoy.config…".
std::string_view UrlOf(Type type);
std::optional<Type> TypeOf(std::string_view url);

// Returns whether `url` is that of any type of Envoy's API, such as
// "type.googleapis.com/envoy.service.runtime.v3.Runtime".
bool IsEnvoyType(std::string_view url);

// A DiscoveryRequest.
struct Request {
  std::string version;
  std::string node_id;
  std::string zone;  // Of the node's locality.
  std::vector<std::string> names;
  std::string type_url;
  std::string nonce;
  bool is_refusal = false;    // It has an error_detail: a NACK.
  std::string error_message;  // Of that.
};

// Errors: kInvalidArgument, `bytes` are no such message.
absl::StatusOr<Request> DecodeRequest(std::string_view bytes);

// A resource as it stands in a response: a google.protobuf.Any.
std::string EncodeResource(Type type, std::string_view resource);

// A DiscoveryResponse.
std::string EncodeResponse(Type type, std::uint64_t version,
                           std::uint64_t nonce,
                           const std::vector<std::string>& resources);

// How calls are made that go by a route.
struct RouteOptions {
  int retries = 0;                                   // Of what is UNAVAILABLE.
  std::chrono::milliseconds max_stream_duration{0};  // Zero: no limit.
};

// All calls of the application `name` go to its cluster.
std::string EncodeListener(std::string_view name, const RouteOptions& options);
std::string EncodeRoute(std::string_view name, const RouteOptions& options);
std::string EncodeCluster(std::string_view name);

// The Endpoints of the application `name`, for a client in `zone`; an empty
// one: in no zone.
//
// gRPC's policies ignore the weights of Endpoints, and mind those of
// localities: each weight in each zone is a locality of its own. What is in the
// client's zone has priority 0, everything else 1; when nothing is there,
// everything 0. An address whose host isn't an IP address is left out: see
// IsIpAddress(). One that is there already, if in another spelling, is left
// out, too.
std::string EncodeEndpoints(std::string_view name,
                            const std::vector<Endpoint>& endpoints,
                            std::string_view zone);

// Returns whether `address`, "host:port", can stand in an EndpointsOf().
bool IsIpAddress(std::string_view address);

}  // namespace naming::xds

#endif  // NAMING_XDS_PROTOCOL_H_
