// SPDX-License-Identifier: Apache-2.0

#include "xds/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::xds {
namespace {

constexpr std::size_t kExcerptBytes = 200;

// gRPC's clients receive messages of 4 MiB, unless told otherwise. What can be
// sent in parts is, each of this size and at most one resource more.
constexpr std::size_t kPartBytes = std::size_t{1} << 20;
// All resources of a response that can't, with room for what is around them.
constexpr std::size_t kWholeBytes = (std::size_t{4} << 20) - 4096;

// In which order types are sent: what refers to another comes after it, as
// Envoy advises.
constexpr std::array<Type, kTypes> kOrder = {Type::kCluster, Type::kEndpoints,
                                             Type::kListener, Type::kRoute};

// Whether a response holds everything that is subscribed to, because what it
// lacks is taken for deleted.
bool IsWhole(Type type) {
  return type == Type::kListener || type == Type::kCluster;
}

}  // namespace

Session::Session(SessionOptions options, Lookup lookup)
    : options_(std::move(options)),
      lookup_(std::move(lookup)),
      zone_(options_.zone) {}

absl::Status Session::OnRequest(const Request& request) {
  // The node is sent with the first request alone.
  if (!request.node_id.empty()) node_id_ = request.node_id;
  if (!request.zone.empty()) zone_ = request.zone;
  const auto type = TypeOf(request.type_url);
  if (!type) {
    if (IsEnvoyType(request.type_url)) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrFormat("xds: there is no type of resources \"%s\"",
                        base::Excerpt(request.type_url, kExcerptBytes)));
  }
  return Subscribe(*type, request);
}

absl::Status Session::Subscribe(Type type, const Request& request) {
  Subscription& subscription = subscriptions_[static_cast<std::size_t>(type)];
  const bool is_first = request.nonce.empty();
  // An answer to something that has been superseded: another will come.
  if (!is_first && request.nonce != absl::StrFormat("%d", subscription.nonce)) {
    return absl::OkStatus();
  }
  if (request.is_refusal) ++refusals_;
  if (request.names.size() > options_.max_names) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "xds: a stream may ask for %d names", options_.max_names));
  }
  std::set<std::string> names(request.names.begin(), request.names.end());
  std::set<std::string> added;
  std::set_difference(names.begin(), names.end(), subscription.names.begin(),
                      subscription.names.end(),
                      std::inserter(added, added.end()));
  if (IsWhole(type) && !added.empty() && !FitsWhole(type, names)) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "xds: a response with these %d names would be too long", names.size()));
  }
  const bool is_fewer = names.size() - added.size() < subscription.names.size();
  subscription.names = std::move(names);
  // What it no longer asks for isn't news.
  std::set<std::string> news;
  std::set_intersection(subscription.news.begin(), subscription.news.end(),
                        subscription.names.begin(), subscription.names.end(),
                        std::inserter(news, news.end()));
  subscription.news = std::move(news);
  if (is_first) {
    subscription.news = subscription.names;
    subscription.is_asked = true;
  } else if (!added.empty() || (is_fewer && IsWhole(type))) {
    subscription.news.merge(added);
    subscription.is_asked = true;
  }
  return absl::OkStatus();
}

void Session::OnChange(const std::string& name) {
  Subscription& endpoints =
      subscriptions_[static_cast<std::size_t>(Type::kEndpoints)];
  if (endpoints.names.count(name) != 0) endpoints.news.insert(name);
}

std::optional<std::string> Session::Next() {
  for (const Type type : kOrder) {
    if (auto response = Respond(type)) return response;
  }
  return std::nullopt;
}

std::optional<std::string> Session::Respond(Type type) {
  Subscription& subscription = subscriptions_[static_cast<std::size_t>(type)];
  if (!subscription.is_asked && subscription.news.empty()) return std::nullopt;
  const bool is_whole = IsWhole(type);
  if (is_whole) subscription.news = subscription.names;
  const std::vector<std::string> resources = TakeNews(type, subscription);
  subscription.is_asked = false;
  // What isn't known yet is sent when it is.
  if (resources.empty() && !is_whole) return std::nullopt;
  subscription.nonce = ++last_nonce_;
  return EncodeResponse(type, ++subscription.version, subscription.nonce,
                        resources);
}

std::vector<std::string> Session::TakeNews(Type type,
                                           Subscription& subscription) const {
  std::vector<std::string> resources;
  std::size_t bytes = 0;
  std::set<std::string>& news = subscription.news;
  while (!news.empty() && (IsWhole(type) || bytes < kPartBytes)) {
    const std::string name = news.extract(news.begin()).value();
    const auto resource = Resource(type, name);
    if (!resource) continue;
    resources.push_back(EncodeResource(type, *resource));
    bytes += resources.back().size();
  }
  return resources;
}

bool Session::FitsWhole(Type type, const std::set<std::string>& names) const {
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    // With the tag and length before it.
    bytes += EncodeResource(type, *Resource(type, name)).size() + 5;
    if (bytes > kWholeBytes) return false;
  }
  return true;
}

std::optional<std::string> Session::Resource(Type type,
                                             const std::string& name) const {
  switch (type) {
    case Type::kListener:
      return EncodeListener(name, options_.route);
    case Type::kRoute:
      return EncodeRoute(name, options_.route);
    case Type::kCluster:
      return EncodeCluster(name);
    case Type::kEndpoints: {
      const auto endpoints = lookup_(name);
      if (endpoints == nullptr) return std::nullopt;
      return EncodeEndpoints(name, *endpoints, zone_);
    }
  }
  return std::nullopt;
}

std::set<std::string> Session::names() const {
  std::set<std::string> all;
  for (const Subscription& subscription : subscriptions_) {
    all.insert(subscription.names.begin(), subscription.names.end());
  }
  return all;
}

}  // namespace naming::xds
