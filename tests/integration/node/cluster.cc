// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/node/cluster.h"

#include <regex>
#include <utility>

#include "absl/strings/str_format.h"
#include "tests/integration/node/http.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::testing {

using node::DiscoveryNode;
using node::DiscoveryNodeOptions;

std::string Address::Post(const std::string& path, const std::string& form,
                          const std::string& headers) const {
  return BodyOf(
      Exchange(address(), HttpPost("/discovery/" + path, form, headers)));
}

std::string Address::Get(const std::string& target) const {
  return BodyOf(Exchange(address(), HttpGet("/discovery/" + target)));
}

bool Address::Holds(const std::string& app_id, const std::string& text) const {
  return Get("fetch?env=dev&status=3&appid=" + app_id).find(text) !=
         std::string::npos;
}

std::string Address::Holdings() const {
  static const std::regex* const own_time =
      new std::regex("\"(reg|up|renew|latest)_timestamp\":[0-9]+");
  return std::regex_replace(Get("fetch/all"), *own_time, "");
}

Place::Place(std::string zone)
    : Place(std::make_unique<RefusingPort>(), std::move(zone)) {}

Place::Place(std::unique_ptr<RefusingPort> port, std::string zone)
    : Address(absl::StrFormat("127.0.0.1:%d", port->port()), std::move(zone)),
      port_(std::move(port)) {}

void Place::Start(DiscoveryNodeOptions options) {
  options.listen = address();
  options.zone = zone();
  options.hostname = "node-" + address();
  auto started = DiscoveryNode::Start(std::move(options));
  INFO(started.status());
  REQUIRE(started.ok());
  node_ = *std::move(started);
}

DiscoveryNodeOptions Cluster::Options() const {
  DiscoveryNodeOptions options;
  options.nodes = {a.address(), b.address(), c.address()};
  return options;
}

void Cluster::StartAll() {
  for (Place* const place : {&a, &b, &c}) place->Start(Options());
  for (const Place* const place : {&a, &b, &c}) {
    REQUIRE(Eventually([&] {
      return HasAll(*place) &&
             place->Get("nodes").find("\"status\":1") == std::string::npos;
    }));
  }
}

bool Cluster::HasAll(const Address& address) const {
  return address.Holds("infra.discovery", "node-" + a.address()) &&
         address.Holds("infra.discovery", "node-" + b.address()) &&
         address.Holds("infra.discovery", "node-" + c.address());
}

TwoZones::TwoZones(DiscoveryNodeOptions options) {
  options.nodes = {a.address(), b.address()};
  options.zones = {{"sh002", {c.address()}}};
  a.Start(options);
  b.Start(options);
  options.nodes = {c.address()};
  options.zones = {{"sh001", {a.address(), b.address()}}};
  c.Start(options);
  REQUIRE(Eventually([&] {
    return a.Holds("infra.discovery", "node-" + c.address()) &&
           b.Holds("infra.discovery", "node-" + c.address()) &&
           c.Holds("infra.discovery", "node-" + a.address()) &&
           c.Holds("infra.discovery", "node-" + b.address());
  }));
}

std::string Key(const std::string& app_id, const std::string& hostname,
                const std::string& zone) {
  return "env=dev&zone=" + zone + "&appid=" + app_id + "&hostname=" + hostname;
}

void Register(const Address& address, const std::string& app_id,
              const std::string& hostname, const std::string& more) {
  REQUIRE(
      address.Post("register", Key(app_id, hostname, address.zone()) +
                                   "&status=1&addrs=http%3A%2F%2F1.1.1.1%3A80"
                                   "&addrs=grpc%3A%2F%2F1.1.1.1%3A90" +
                                   more) == kOk);
}

bool AreEqual(const Address& a, const Address& b, const Address& c) {
  const std::string holdings = a.Holdings();
  return b.Holdings() == holdings && c.Holdings() == holdings;
}

}  // namespace naming::testing
