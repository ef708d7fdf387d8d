// SPDX-License-Identifier: Apache-2.0
// Services of Kratos v2 on discovery nodes: they send everything in the query
// string of a POST without a body, and keep their id in the metadata.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "net/curl_http_client.h"
#include "tests/support/catch.h"
#include "tests/support/instances.h"

namespace naming::testing {
namespace {

std::string Post(const node::DiscoveryNode& node, const std::string& target) {
  net::CurlHttpClient client;
  net::HttpRequest request;
  request.method = net::HttpRequest::Method::kPost;
  request.url = absl::StrFormat("http://%s%s", node.address(), target);
  std::optional<std::string> body;
  client.Send(request, [&](const absl::StatusOr<net::HttpResponse>& response) {
    body = response.ok() ? response->body : "";
  });
  while (!body) client.Wait(std::chrono::milliseconds(100));
  return *body;
}

TEST_CASE("A Kratos v2 service and a client of its flavour find each other",
          "[discovery][kratos2]") {
  node::DiscoveryNodeOptions node_options;
  node_options.listen = "127.0.0.1:0";
  node_options.zone = "zone01";
  node_options.env = "dev";
  const auto node = *node::DiscoveryNode::Start(node_options);
  const std::string key = "region=region01&zone=zone01&env=dev&hostname=go";
  const std::string registered =
      Post(*node, "/discovery/register?" + key +
                      "&appid=demo&addrs=grpc%3A%2F%2F10.0.0.9%3A90&version=v2&"
                      "status=1&metadata=%7B%22kratos.v2.serviceinstance.id%22%"
                      "3A%22uuid-1%22%7D");
  CHECK(registered.find("\"code\":0") != std::string::npos);

  discovery::ClientOptions options;
  options.nodes = {node->address()};
  options.flavour = discovery::Flavour::kKratos2;
  const auto client = *discovery::Client::Create(options);
  const auto registration = client->Register(MakeInstance("demo", "ours"));
  REQUIRE(registration.ok());
  const auto resolver = *client->Build("discovery:///demo");
  const auto snapshot = resolver->Fetch(std::chrono::seconds(20));
  REQUIRE(snapshot.ok());
  std::map<std::string, std::string> ids;
  const std::string id_key(discovery::kMetadataKratos2Id);
  for (const auto& instance : (*snapshot)->AllInstances()) {
    ids[instance->hostname] = instance->metadata.at(id_key);
  }
  CHECK(ids ==
        std::map<std::string, std::string>{{"go", "uuid-1"}, {"ours", "ours"}});
  CHECK(Post(*node, "/discovery/renew?" + key + "&appid=demo")
            .find("\"code\":0") != std::string::npos);
  CHECK(Post(*node, "/discovery/cancel?" + key + "&appid=demo")
            .find("\"code\":0") != std::string::npos);
}

}  // namespace
}  // namespace naming::testing
