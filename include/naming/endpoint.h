// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ENDPOINT_H_
#define NAMING_ENDPOINT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/instance.h"

namespace naming {

// One address to dial, with what a Balancer needs to know of it.
//
// Thread-compatible. A value; `==` compares every field, `instance` by
// contents.
struct NAMING_EXPORT Endpoint {
  std::string scheme;   // "grpc", "http", …
  std::string address;  // "host:port", as one dials it; IPv6 in brackets.
  int weight = 10;  // Weight() of the Instance, or what a policy made of it.
  std::string zone;
  std::string color;  // Metadata "color"; empty when it has none.

  // The Instance that listens there; never null in what this library returns.
  std::shared_ptr<const Instance> instance;

  // Returns the Endpoint at `addr`, one of the addresses of `instance`. An
  // "http://host:port?isSecure=true", as Kratos wrote it once, has the scheme
  // "https"; so with every scheme.
  //
  // Errors: kInvalidArgument, `addr` isn't "scheme://host:port".
  static absl::StatusOr<Endpoint> Create(
      std::string_view addr, std::shared_ptr<const Instance> instance);
};

NAMING_EXPORT bool operator==(const Endpoint& a, const Endpoint& b);
NAMING_EXPORT bool operator!=(const Endpoint& a, const Endpoint& b);

}  // namespace naming

#endif  // NAMING_ENDPOINT_H_
