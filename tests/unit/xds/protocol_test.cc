// SPDX-License-Identifier: Apache-2.0
// What is written has the numbers of the fields in envoy's API, v3.

#include "xds/protocol.h"

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/catch.h"
#include "tests/unit/xds/reader.h"
#include "xds/wire.h"

namespace naming::xds {
namespace {

using Texts = std::vector<std::string>;

Endpoint At(const std::string& address, int weight = 10,
            const std::string& zone = "") {
  Endpoint endpoint;
  endpoint.address = address;
  endpoint.weight = weight;
  endpoint.zone = zone;
  return endpoint;
}

TEST_CASE("A request is read", "[xds][protocol]") {
  Message locality;
  locality.Text(1, "region").Text(2, "zone1");
  Message node;
  node.Text(1, "me").Text(2, "cluster").Nested(4, locality);
  Message error;
  error.Number(1, 3).Text(2, "no");
  Message message;
  message.Text(1, "7").Nested(2, node).Text(3, "a").Text(3, "b");
  message.Text(4, UrlOf(Type::kCluster)).Text(5, "9").Nested(6, error);
  message.Text(99, "unknown");
  const auto request = DecodeRequest(message.bytes());
  REQUIRE(request.ok());
  CHECK(request->version == "7");
  CHECK(request->node_id == "me");
  CHECK(request->zone == "zone1");
  CHECK(request->names == Texts{"a", "b"});
  CHECK(TypeOf(request->type_url) == Type::kCluster);
  CHECK(request->nonce == "9");
  CHECK(request->is_refusal);
  CHECK(request->error_message == "no");

  const auto empty = DecodeRequest("");
  REQUIRE(empty.ok());
  CHECK_FALSE(empty->is_refusal);
  for (const std::string& bytes :
       {std::string("\x1a\xff"), std::string("\x12\x02\x0a\xff"),
        std::string("\x32\x02\x12\xff")}) {
    CHECK(absl::IsInvalidArgument(DecodeRequest(bytes).status()));
  }
}

TEST_CASE("A response holds its resources as Anys", "[xds][protocol]") {
  const std::string resource = EncodeResource(Type::kEndpoints, "bytes");
  const std::string response =
      EncodeResponse(Type::kEndpoints, 3, 12, {resource});
  CHECK(Get(response, "1") == Texts{"3"});
  CHECK(Get(response, "2.1") == Texts{std::string(UrlOf(Type::kEndpoints))});
  CHECK(Get(response, "2.2") == Texts{"bytes"});
  CHECK(Get(response, "4") == Texts{std::string(UrlOf(Type::kEndpoints))});
  CHECK(Get(response, "5") == Texts{"12"});
}

TEST_CASE("A listener leads all calls to the application's cluster",
          "[xds][protocol]") {
  RouteOptions options;
  const std::string listener = EncodeListener("demo", options);
  CHECK(Get(listener, "1") == Texts{"demo"});
  const std::string manager = Get(listener, "19.1.2").at(0);
  const std::string route = Get(manager, "4").at(0);
  CHECK(route == EncodeRoute("demo", options));
  CHECK(Get(manager, "5.1") == Texts{"router"});
  CHECK(Get(route, "1") == Texts{"demo"});
  CHECK(Get(route, "2.2") == Texts{"*"});
  CHECK(Get(route, "2.3.1.1") == Texts{""});
  CHECK(Get(route, "2.3.2.1") == Texts{"demo"});
  CHECK(Get(route, "2.3.2.9").empty());
  CHECK(Get(route, "2.3.2.36").empty());

  options.retries = 2;
  options.max_stream_duration = std::chrono::milliseconds(1500);
  const std::string other = EncodeRoute("demo", options);
  CHECK(Get(other, "2.3.2.9.1") == Texts{"unavailable"});
  CHECK(Get(other, "2.3.2.9.2.1") == Texts{"2"});
  CHECK(Get(other, "2.3.2.36.1.1") == Texts{"1"});
  CHECK(Get(other, "2.3.2.36.1.2") == Texts{"500000000"});
}

TEST_CASE("A cluster has its endpoints from the same stream",
          "[xds][protocol]") {
  const std::string cluster = EncodeCluster("demo");
  CHECK(Get(cluster, "1") == Texts{"demo"});
  CHECK(Get(cluster, "2") == Texts{"3"});
  CHECK(Get(cluster, "3.1.3") == Texts{""});
  CHECK(Get(cluster, "3.1.6") == Texts{"2"});
  CHECK(Get(cluster, "3.2") == Texts{"demo"});
}

TEST_CASE("Each weight in each zone is a locality", "[xds][protocol]") {
  const std::string assignment = EncodeEndpoints(
      "demo",
      {At("10.0.0.1:80", 30), At("10.0.0.2:80", 10), At("[::1]:81", 10)}, "");
  CHECK(Get(assignment, "1") == Texts{"demo"});
  CHECK(Get(assignment, "2.1.3") == Texts{"weight-10", "weight-30"});
  CHECK(Get(assignment, "2.3.1") == Texts{"20", "30"});
  CHECK(Get(assignment, "2.2.1.1.1.2") == Texts{"10.0.0.2", "::1", "10.0.0.1"});
  CHECK(Get(assignment, "2.2.1.1.1.3") == Texts{"80", "81", "80"});
  CHECK(Get(assignment, "2.5") == Texts{"0", "0"});
}

TEST_CASE("The client's zone comes first, if anybody is there",
          "[xds][protocol]") {
  const std::vector<Endpoint> endpoints = {At("10.0.0.1:80", 10, "a"),
                                           At("10.0.0.2:80", 10, "b"),
                                           At("10.0.0.3:80", 10, "c")};
  const std::string in_b = EncodeEndpoints("demo", endpoints, "b");
  CHECK(Get(in_b, "2.1.2") == Texts{"b", "a", "c"});
  CHECK(Get(in_b, "2.5") == Texts{"0", "1", "1"});
  // Priorities begin with 0.
  for (const char* zone : {"", "elsewhere"}) {
    CHECK(Get(EncodeEndpoints("demo", endpoints, zone), "2.5") ==
          Texts{"0", "0", "0"});
  }
  // Whoever is left out doesn't count.
  CHECK(Get(EncodeEndpoints(
                "demo", {At("host:80", 10, "b"), At("10.0.0.1:80", 10, "a")},
                "b"),
            "2.5") == Texts{"0"});
}

TEST_CASE("An address is sent once, however it is written", "[xds][protocol]") {
  // Clients refuse the whole otherwise.
  const std::string assignment = EncodeEndpoints(
      "demo",
      {At("[::1]:80", 10, "a"), At("[0:0:0:0:0:0:0:1]:80", 20),
       At("[2001:DB8::A]:80"), At("[2001:db8:0::a]:80", 20),
       At("[2001:db8::a]:81"), At("10.0.0.1:80"), At("10.0.0.1:080", 30, "b")},
      "");
  CHECK(Get(assignment, "2.2.1.1.1.2") ==
        Texts{"2001:db8::a", "2001:db8::a", "10.0.0.1", "::1"});
  CHECK(Get(assignment, "2.2.1.1.1.3") == Texts{"80", "81", "80", "80"});
  // Who is left out doesn't make its zone the first.
  CHECK(
      Get(EncodeEndpoints(
              "demo", {At("[::1]:80", 10, "a"), At("[0::1]:80", 10, "b")}, "b"),
          "2.5") == Texts{"0"});
}

TEST_CASE("Any endpoints make an assignment", "[xds][protocol]") {
  CHECK(Get(EncodeEndpoints("demo", {}, "a"), "1") == Texts{"demo"});
  const std::string odd =
      EncodeEndpoints("demo",
                      {At("", 1), At("host:80"), At("10.0.0.1:0"),
                       At("10.0.0.1"), At("10.0.0.1:80", -5)},
                      "");
  CHECK(Get(odd, "2.3.1") == Texts{"1"});
  // The weights of a priority fit into 32 bits together.
  std::vector<Endpoint> heavy;
  for (int i = 0; i < 5000; ++i) {
    heavy.push_back(At(absl::StrFormat("10.0.%d.%d:80", i / 250, i % 250),
                       i == 0 ? 1 : 1'000'000));
  }
  const Texts weights = Get(EncodeEndpoints("demo", heavy, ""), "2.3.1");
  REQUIRE(weights.size() == 2);
  CHECK(weights[0] == "1");
  CHECK(std::stoull(weights[1]) < (std::uint64_t{1} << 32));
}

}  // namespace
}  // namespace naming::xds
