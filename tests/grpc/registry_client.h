// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_GRPC_REGISTRY_CLIENT_H_
#define NAMING_TESTS_GRPC_REGISTRY_CLIENT_H_

#include <memory>
#include <string>

#include "naming/builder.h"
#include "naming/discovery/client.h"
#include "naming/etcd/client.h"
#include "naming/registry.h"

namespace naming::testing {

// A client of the registry at `location`: "host:port" of a discovery node, or
// "etcd+<layout>://host:port".
class RegistryClient final {
 public:
  explicit RegistryClient(const std::string& location) {
    if (location.rfind("etcd+", 0) == 0) {
      UseEtcd(location);
    } else {
      UseDiscovery(location);
    }
  }

  Registry& registry() const { return *registry_; }
  Builder& builder() const { return *builder_; }

  std::string TargetOf(const std::string& app_id) const {
    return scheme_ + ":///" + app_id;
  }

 private:
  void UseDiscovery(const std::string& address) {
    discovery::ClientOptions options;
    options.nodes = {address};
    options.env = "dev";
    options.zone = "zone01";
    options.region = "region01";
    Use(std::shared_ptr(discovery::Client::Create(options).value()));
  }

  void UseEtcd(const std::string& location) {
    Use(std::shared_ptr(
        etcd::Client::Create(etcd::ParseLocation(location).value().options)
            .value()));
  }

  template <typename Client>
  void Use(std::shared_ptr<Client> client) {
    scheme_ = std::string(client->scheme());
    builder_ = client;
    registry_ = std::move(client);
  }

  std::string scheme_;
  std::shared_ptr<Registry> registry_;
  std::shared_ptr<Builder> builder_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_GRPC_REGISTRY_CLIENT_H_
