// SPDX-License-Identifier: Apache-2.0

#include "naming/filter.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace naming {
namespace {

Snapshot Make(const std::vector<Instance>& instances) {
  Snapshot snapshot;
  for (const Instance& instance : instances) {
    snapshot.zones["z"].push_back(std::make_shared<const Instance>(instance));
  }
  return snapshot;
}

Instance Listening(const std::vector<std::string>& addrs) {
  Instance instance;
  instance.addrs = addrs;
  return instance;
}

using List = std::vector<std::string>;

List Addresses(const Snapshot& snapshot, const Filter& filter) {
  List addresses;
  for (const Endpoint& endpoint : EndpointsOf(snapshot, filter)) {
    addresses.push_back(endpoint.scheme + " " + endpoint.address);
  }
  return addresses;
}

TEST_CASE("Each instance gives its first address of the scheme", "[filter]") {
  const Snapshot snapshot =
      Make({Listening({"http://a:80", "grpc://a:90", "grpc://a:91"}),
            Listening({"http://b:80"}), Listening({"junk", "grpc://c:90"})});
  Filter filter;
  CHECK(Addresses(snapshot, filter) ==
        List{"http a:80", "http b:80", "grpc c:90"});
  CHECK(Addresses(Snapshot(), filter).empty());
  filter.addr_scheme = "grpc";
  CHECK(Addresses(snapshot, filter) == List{"grpc a:90", "grpc c:90"});
  filter.addr_scheme = "ftp";
  CHECK(Addresses(snapshot, filter).empty());
}

TEST_CASE("An address that two instances name is one endpoint", "[filter]") {
  Snapshot snapshot =
      Make({Listening({"grpc://a:90"}), Listening({"grpc://a:90"}),
            Listening({"grpc://b:90"})});
  snapshot.zones["z"].push_back(nullptr);
  CHECK(Addresses(snapshot, {}) == List{"grpc a:90", "grpc b:90"});
}

TEST_CASE("A filter keeps what it asks for", "[filter]") {
  Instance red = Listening({"grpc://red:90"});
  red.version = "1";
  red.metadata = {{"cluster", "a"}, {"color", "red"}, {"rack", "1"}};
  Instance blue = Listening({"grpc://blue:90"});
  blue.version = "1.1";
  blue.metadata = {{"cluster", "b"}, {"color", "blue"}, {"rack", "1"}};
  Instance plain = Listening({"grpc://plain:90"});
  const Snapshot snapshot = Make({red, blue, plain});

  Filter filter;
  List expected;
  SECTION("nothing in particular") {
    expected = {"grpc red:90", "grpc blue:90", "grpc plain:90"};
  }
  SECTION("one cluster") {
    filter.clusters = {"a"};
    expected = {"grpc red:90"};
  }
  SECTION("any of several clusters") {
    filter.clusters = {"b", "c", "a"};
    expected = {"grpc red:90", "grpc blue:90"};
  }
  SECTION("a cluster that nobody is in") { filter.clusters = {"c"}; }
  SECTION("a version, as a whole") {
    filter.version = "1";
    expected = {"grpc red:90"};
  }
  SECTION("all of several metadata") {
    filter.metadata = {{"rack", "1"}, {"color", "blue"}};
    expected = {"grpc blue:90"};
  }
  SECTION("metadata that nobody has, be it empty") {
    filter.metadata = {{"shelf", ""}};
  }
  SECTION("what a predicate says") {
    filter.predicate = [](const Instance& instance) {
      return instance.version.empty();
    };
    expected = {"grpc plain:90"};
  }
  CHECK(Addresses(snapshot, filter) == expected);
}

TEST_CASE("Who takes no traffic passes no filter", "[filter]") {
  Instance waiting = Listening({"grpc://a:90"});
  waiting.status = Instance::Status::kWaiting;
  CHECK(Addresses(Make({waiting, Listening({"grpc://b:90"})}), {}) ==
        List{"grpc b:90"});
}

}  // namespace
}  // namespace naming
