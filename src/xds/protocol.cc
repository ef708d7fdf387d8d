// SPDX-License-Identifier: Apache-2.0

#include "xds/protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/url.h"
#include "xds/wire.h"

namespace naming::xds {
namespace {

constexpr std::array<std::string_view, kTypes> kUrls = {
    "type.googleapis.com/envoy.config.listener.v3.Listener",
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"};

constexpr std::string_view kManagerUrl =
    "type.googleapis.com/envoy.extensions.filters.network."
    "http_connection_manager.v3.HttpConnectionManager";
constexpr std::string_view kRouterUrl =
    "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

// The weights of the localities of one priority must not exceed a uint32
// together.
constexpr std::uint64_t kMaxWeights = std::uint64_t{1} << 31;

Message Any(std::string_view url, std::string_view bytes) {
  Message any;
  any.Text(1, url).Text(2, bytes);
  return any;
}

// google.protobuf.Duration
Message Duration(std::chrono::milliseconds time) {
  Message duration;
  duration.Number(1, static_cast<std::uint64_t>(time.count() / 1000));
  duration.Number(2, static_cast<std::uint64_t>(time.count() % 1000) * 1000000);
  return duration;
}

// google.protobuf.UInt32Value
Message Wrapped(std::uint64_t value) {
  Message wrapped;
  wrapped.Number(1, value);
  return wrapped;
}

Message RetryPolicy(int retries) {
  Message backoff;
  backoff.Nested(1, Duration(std::chrono::milliseconds(25)));
  backoff.Nested(2, Duration(std::chrono::milliseconds(250)));
  Message policy;
  policy.Text(1, "unavailable");
  policy.Nested(2, Wrapped(static_cast<std::uint64_t>(retries)));
  policy.Nested(8, backoff);
  return policy;
}

Message RouteAction(std::string_view cluster, const RouteOptions& options) {
  Message action;
  action.Text(1, cluster);
  if (options.retries > 0) action.Nested(9, RetryPolicy(options.retries));
  if (options.max_stream_duration.count() > 0) {
    Message limit;
    limit.Nested(1, Duration(options.max_stream_duration));
    action.Nested(36, limit);
  }
  return action;
}

Message RouteConfiguration(std::string_view name, const RouteOptions& options) {
  Message match;
  match.Text(1, "");  // Every path begins with this.
  Message route;
  route.Nested(1, match).Nested(2, RouteAction(name, options));
  Message host;
  host.Text(1, name).Text(2, "*").Nested(3, route);
  Message configuration;
  configuration.Text(1, name).Nested(2, host);
  return configuration;
}

// Reads a node's id and the zone of its locality.
bool ReadNode(std::string_view bytes, Request& request) {
  MessageReader node(bytes);
  while (const auto field = node.Next()) {
    if (field->number == 1 && field->is_text) request.node_id = field->text;
    if (field->number != 4 || !field->is_text) continue;
    MessageReader locality(field->text);
    while (const auto part = locality.Next()) {
      if (part->number == 2 && part->is_text) request.zone = part->text;
    }
    if (!locality.ok()) return false;
  }
  return node.ok();
}

// Reads the message of a google.rpc.Status.
bool ReadError(std::string_view bytes, Request& request) {
  request.is_refusal = true;
  MessageReader status(bytes);
  while (const auto field = status.Next()) {
    if (field->number == 2 && field->is_text) {
      request.error_message = field->text;
    }
  }
  return status.ok();
}

bool ReadField(const Field& field, Request& request) {
  if (!field.is_text) return true;
  switch (field.number) {
    case 1:
      request.version = field.text;
      return true;
    case 2:
      return ReadNode(field.text, request);
    case 3:
      request.names.emplace_back(field.text);
      return true;
    case 4:
      request.type_url = field.text;
      return true;
    case 5:
      request.nonce = field.text;
      return true;
    case 6:
      return ReadError(field.text, request);
    default:
      return true;
  }
}

// Returns `host` as inet_ntop() writes it; nullopt: it isn't an IP address.
std::optional<std::string> NormalHost(const std::string& host) {
  for (const int family : {AF_INET, AF_INET6}) {
    in6_addr bytes;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_pton(family, host.c_str(), &bytes) == 1 &&
        inet_ntop(family, &bytes, text.data(), text.size()) != nullptr) {
      return text.data();
    }
  }
  return std::nullopt;
}

// nullopt: it can't stand in an assignment.
std::optional<base::HostPort> NormalAddress(std::string_view address) {
  auto host_port = base::ParseHostPort(address);
  if (!host_port || host_port->port == 0) return std::nullopt;
  auto host = NormalHost(host_port->host);
  if (!host) return std::nullopt;
  host_port->host = *std::move(host);
  return host_port;
}

struct Place {
  const Endpoint* endpoint;
  base::HostPort at;
};

// Each address once: clients refuse an assignment that has one twice, and two
// Endpoints may spell the same one.
std::vector<Place> PlacesOf(const std::vector<Endpoint>& endpoints) {
  std::vector<Place> places;
  std::set<std::pair<std::string, std::uint16_t>> seen;
  for (const Endpoint& endpoint : endpoints) {
    auto at = NormalAddress(endpoint.address);
    if (!at || !seen.emplace(at->host, at->port).second) continue;
    places.push_back({&endpoint, *std::move(at)});
  }
  return places;
}

// Places that share a locality: by priority, zone and weight.
using LocalityKey = std::tuple<int, std::string_view, int>;
using Localities = std::map<LocalityKey, std::vector<base::HostPort>>;

Localities Group(const std::vector<Endpoint>& endpoints,
                 std::string_view zone) {
  std::vector<Place> places = PlacesOf(endpoints);
  const bool has_own =
      !zone.empty() &&
      std::any_of(places.begin(), places.end(), [zone](const Place& place) {
        return place.endpoint->zone == zone;
      });
  Localities localities;
  for (Place& place : places) {
    const Endpoint& endpoint = *place.endpoint;
    const int priority = has_own && endpoint.zone != zone ? 1 : 0;
    localities[{priority, endpoint.zone, std::max(endpoint.weight, 1)}]
        .push_back(std::move(place.at));
  }
  return localities;
}

std::uint64_t WeightOf(const LocalityKey& key, std::size_t members) {
  return static_cast<std::uint64_t>(std::get<2>(key)) * members;
}

Message EndpointMessage(const base::HostPort& at) {
  Message socket;
  socket.Text(2, at.host).Number(3, at.port);
  Message address;
  address.Nested(1, socket);
  Message inner;
  inner.Nested(1, address);
  Message lb_endpoint;
  lb_endpoint.Nested(1, inner);
  return lb_endpoint;
}

Message LocalityMessage(const LocalityKey& key,
                        const std::vector<base::HostPort>& members,
                        std::uint64_t divisor) {
  const auto& [priority, zone, weight] = key;
  Message id;
  id.Text(2, zone).Text(3, absl::StrFormat("weight-%d", weight));
  Message locality;
  locality.Nested(1, id);
  for (const base::HostPort& at : members) {
    locality.Nested(2, EndpointMessage(at));
  }
  const std::uint64_t total = WeightOf(key, members.size()) / divisor;
  locality.Nested(3, Wrapped(std::max<std::uint64_t>(total, 1)));
  locality.Number(5, static_cast<std::uint64_t>(priority));
  return locality;
}

}  // namespace

std::string_view UrlOf(Type type) {
  return kUrls[static_cast<std::size_t>(type)];
}

std::optional<Type> TypeOf(std::string_view url) {
  const auto it = std::find(kUrls.begin(), kUrls.end(), url);
  if (it == kUrls.end()) return std::nullopt;
  return static_cast<Type>(it - kUrls.begin());
}

bool IsEnvoyType(std::string_view url) {
  constexpr std::string_view kPrefix = "type.googleapis.com/envoy.";
  return url.size() > kPrefix.size() &&
         url.substr(0, kPrefix.size()) == kPrefix;
}

absl::StatusOr<Request> DecodeRequest(std::string_view bytes) {
  Request request;
  MessageReader reader(bytes);
  bool is_good = true;
  while (const auto field = reader.Next()) {
    is_good = is_good && ReadField(*field, request);
  }
  if (is_good && reader.ok()) return request;
  return absl::InvalidArgumentError("xds: no DiscoveryRequest");
}

std::string EncodeResource(Type type, std::string_view resource) {
  return Any(UrlOf(type), resource).bytes();
}

std::string EncodeResponse(Type type, std::uint64_t version,
                           std::uint64_t nonce,
                           const std::vector<std::string>& resources) {
  Message response;
  response.Text(1, absl::StrFormat("%d", version));
  for (const std::string& resource : resources) response.Text(2, resource);
  response.Text(4, UrlOf(type));
  response.Text(5, absl::StrFormat("%d", nonce));
  return response.bytes();
}

std::string EncodeListener(std::string_view name, const RouteOptions& options) {
  Message router;  // gRPC insists on this filter.
  router.Text(1, "router").Nested(4, Any(kRouterUrl, ""));
  Message manager;
  manager.Nested(4, RouteConfiguration(name, options)).Nested(5, router);
  Message api_listener;
  api_listener.Nested(1, Any(kManagerUrl, manager.bytes()));
  Message listener;
  listener.Text(1, name).Nested(19, api_listener);
  return listener.bytes();
}

std::string EncodeRoute(std::string_view name, const RouteOptions& options) {
  return RouteConfiguration(name, options).bytes();
}

std::string EncodeCluster(std::string_view name) {
  constexpr std::uint64_t kEds = 3;
  constexpr std::uint64_t kV3 = 2;
  Message source;
  source.Nested(3, Message()).Number(6, kV3);  // From this stream.
  Message eds;
  eds.Nested(1, source).Text(2, name);
  Message cluster;
  cluster.Text(1, name).Number(2, kEds).Nested(3, eds);
  return cluster.bytes();
}

std::string EncodeEndpoints(std::string_view name,
                            const std::vector<Endpoint>& endpoints,
                            std::string_view zone) {
  const Localities localities = Group(endpoints, zone);
  std::uint64_t sum = 0;
  for (const auto& [key, members] : localities) {
    sum += WeightOf(key, members.size());
  }
  const std::uint64_t divisor = sum / kMaxWeights + 1;
  Message assignment;
  assignment.Text(1, name);
  for (const auto& [key, members] : localities) {
    assignment.Nested(2, LocalityMessage(key, members, divisor));
  }
  return assignment.bytes();
}

bool IsIpAddress(std::string_view address) {
  return NormalAddress(address).has_value();
}

}  // namespace naming::xds
