// SPDX-License-Identifier: Apache-2.0

#include "naming/endpoint.h"

#include <memory>

#include "tests/support/catch.h"

namespace naming {
namespace {

std::shared_ptr<const Instance> MakeInstance() {
  Instance instance;
  instance.zone = "z1";
  instance.metadata = {{"weight", "30"}, {"color", "blue"}};
  return std::make_shared<const Instance>(instance);
}

TEST_CASE("An endpoint knows what its instance says", "[endpoint]") {
  const auto instance = MakeInstance();
  const auto endpoint = Endpoint::Create("GRPC://[::1]:9000", instance);
  REQUIRE(endpoint.ok());
  CHECK(endpoint->scheme == "grpc");
  CHECK(endpoint->address == "[::1]:9000");
  CHECK(endpoint->weight == 30);
  CHECK(endpoint->zone == "z1");
  CHECK(endpoint->color == "blue");
  CHECK(endpoint->instance == instance);
}

TEST_CASE("No endpoint without an address or an instance", "[endpoint]") {
  CHECK(absl::IsInvalidArgument(
      Endpoint::Create("10.0.0.7:9000", MakeInstance()).status()));
  CHECK(absl::IsInvalidArgument(
      Endpoint::Create("grpc://10.0.0.7:9000", nullptr).status()));
}

TEST_CASE("A query may say that an address is secure", "[endpoint]") {
  const auto [addr, scheme] = GENERATE(table<std::string, std::string>({
      {"grpc://h:1?isSecure=true", "grpcs"},
      {"http://h:1/?a=b&isSecure=1", "https"},
      {"http://h:1?isSecure=false", "http"},
      {"http://h:1?isSecure=yes", "http"},
      {"http://h:1?isSecure=%zz", "http"},
      {"http://h:1?issecure=true", "http"},
  }));
  const auto endpoint = Endpoint::Create(addr, MakeInstance());
  CAPTURE(addr);
  REQUIRE(endpoint.ok());
  CHECK(endpoint->scheme == scheme);
  CHECK(endpoint->address == "h:1");
}

TEST_CASE("Endpoints are compared by their contents", "[endpoint]") {
  const auto make = [] {
    return Endpoint::Create("grpc://h:1", MakeInstance()).value();
  };
  Endpoint other = make();
  CHECK(other == make());
  SECTION("scheme") { other.scheme = "http"; }
  SECTION("address") { other.address = "h:2"; }
  SECTION("weight") { other.weight = 1; }
  SECTION("zone") { other.zone = "z2"; }
  SECTION("color") { other.color = ""; }
  SECTION("instance") { other.instance = std::make_shared<const Instance>(); }
  SECTION("no instance") { other.instance = nullptr; }
  CHECK(other != make());
}

}  // namespace
}  // namespace naming
