// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_HTTP_LEASE_H_
#define NAMING_HTTP_LEASE_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "naming/balancer.h"
#include "naming/endpoint.h"
#include "naming/http/client.h"
#include "net/curl_exchange.h"

namespace naming::http {

// How the requests of one Client get to an Instance. Copies share everything.
//
// Thread-safe: never changes.
struct Route {
  std::string host;  // Empty: the address's, as HostMode::kInstance has it.
  std::chrono::milliseconds timeout;
  std::shared_ptr<const net::ExchangeSetting> setting;

  std::string UrlOf(const Endpoint& endpoint, std::string_view path) const {
    std::string url = endpoint.scheme + "://";
    url += host.empty() ? endpoint.address : host;
    url += path;
    return url;
  }

  // Returns where connections go instead of to the URL's host; "": there.
  std::string_view Detour(std::string_view address) const {
    return host.empty() ? std::string_view() : address;
  }
};

struct Lease::Rep {
  Rep(naming::Pick given_pick, Route given_route)
      : pick(std::move(given_pick)),
        route(std::move(given_route)),
        handle_route(route.host, route.Detour(pick.endpoint().address)) {}

  naming::Pick pick;
  const Route route;
  const net::CurlRoute handle_route;
};

}  // namespace naming::http

#endif  // NAMING_HTTP_LEASE_H_
