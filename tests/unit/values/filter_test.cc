// SPDX-License-Identifier: Apache-2.0

#include "naming/filter.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace naming {
namespace {

Snapshot Make(const std::vector<std::vector<std::string>>& addrs) {
  Snapshot snapshot;
  for (const auto& of_one : addrs) {
    Instance instance;
    instance.addrs = of_one;
    snapshot.zones["z"].push_back(std::make_shared<const Instance>(instance));
  }
  return snapshot;
}

std::vector<std::string> Addresses(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> addresses;
  for (const Endpoint& endpoint : endpoints) {
    addresses.push_back(endpoint.scheme + " " + endpoint.address);
  }
  return addresses;
}

using List = std::vector<std::string>;

TEST_CASE("Each instance gives its first address of the scheme", "[filter]") {
  const Snapshot snapshot = Make({{"http://a:80", "grpc://a:90", "grpc://a:91"},
                                  {"http://b:80"},
                                  {"junk", "grpc://c:90"}});
  CHECK(Addresses(EndpointsOf(snapshot, "grpc")) ==
        List{"grpc a:90", "grpc c:90"});
  CHECK(Addresses(EndpointsOf(snapshot, "")) ==
        List{"http a:80", "http b:80", "grpc c:90"});
  CHECK(EndpointsOf(snapshot, "ftp").empty());
  CHECK(EndpointsOf(Snapshot(), "").empty());
}

}  // namespace
}  // namespace naming
