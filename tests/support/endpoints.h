// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_ENDPOINTS_H_
#define NAMING_TESTS_SUPPORT_ENDPOINTS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "naming/endpoint.h"
#include "naming/instance.h"

namespace naming::testing {

// Returns the Endpoint "<hostname>:90" of an Instance of "demo" with that
// hostname.
inline Endpoint MakeEndpoint(const std::string& hostname,
                             const std::string& zone = "z", int weight = 10) {
  Instance instance;
  instance.app_id = "demo";
  instance.hostname = hostname;
  instance.zone = zone;
  instance.metadata = {{"weight", std::to_string(weight)}};
  return *Endpoint::Create("grpc://" + hostname + ":90",
                           std::make_shared<const Instance>(instance));
}

// Returns `count` Endpoints "<prefix>0:90", "<prefix>1:90", …
inline std::vector<Endpoint> MakeEndpoints(const std::string& prefix, int count,
                                           const std::string& zone = "z",
                                           int weight = 10) {
  std::vector<Endpoint> endpoints;
  for (int i = 0; i < count; ++i) {
    endpoints.push_back(MakeEndpoint(prefix + std::to_string(i), zone, weight));
  }
  return endpoints;
}

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_ENDPOINTS_H_
