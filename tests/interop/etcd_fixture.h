// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEROP_ETCD_FIXTURE_H_
#define NAMING_TESTS_INTEROP_ETCD_FIXTURE_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "etcd/place.h"
#include "naming/etcd/client.h"
#include "tests/support/catch.h"
#include "tests/support/etcd_server.h"
#include "tests/support/eventually.h"
#include "tests/support/instances.h"

namespace naming::testing {

using Names = std::set<std::string>;

// Programs on a real etcd, and a fault between them.
struct EtcdFixture {
  explicit EtcdFixture(int size = 1, std::vector<std::string> flags = {})
      : server(size, std::move(flags)) {}

  etcd::ClientOptions Options() const {
    etcd::ClientOptions options;
    options.nodes = server.addresses();
    options.zone = "zone01";
    options.ttl = std::chrono::seconds(3);
    options.request_timeout = std::chrono::seconds(1);
    return options;
  }

  static std::unique_ptr<etcd::Client> Connect(
      const etcd::ClientOptions& options) {
    auto client = etcd::Client::Create(options);
    REQUIRE(client.ok());
    return *std::move(client);
  }

  static Registration Register(etcd::Client& client,
                               const std::string& hostname,
                               const std::string& version = "1") {
    RegisterOptions options;
    options.timeout = std::chrono::minutes(1);
    auto registered =
        client.Register(MakeInstance("demo", hostname, version), options);
    CAPTURE(registered.status().ToString());
    REQUIRE(registered.ok());
    return *std::move(registered);
  }

  // Returns the hostnames that the keys of "demo" stand for, each as often as
  // it is there.
  std::multiset<std::string> Held(int member = 0) const {
    std::multiset<std::string> held;
    for (const auto& kv : server.Range("/microservices/demo/", member)) {
      held.insert(kv.key.substr(kv.key.rfind('/') + 1));
    }
    return held;
  }

  bool Holds(const std::multiset<std::string>& names, int member = 0) const {
    return Eventually([&] { return Held(member) == names; });
  }

  EtcdServer server;
};

// Follows "demo" and notes whether its list was ever empty once it had been
// something. Thread-safe.
class Follow final {
 public:
  explicit Follow(etcd::Client& client)
      : resolver_(*client.Build("etcd+kratos:///demo")),
        watcher_(resolver_->Watch(
            [this](const std::shared_ptr<const Snapshot>& snapshot) {
              base::MutexLock lock(mutex_);
              names_.clear();
              for (const auto& instance : snapshot->AllInstances()) {
                names_.insert(instance->hostname);
              }
              was_emptied_ = was_emptied_ || names_.empty();
            })) {}

  Names names() const {
    base::MutexLock lock(mutex_);
    return names_;
  }

  bool Sees(const Names& names) const {
    return Eventually([&] { return this->names() == names; });
  }

  bool was_emptied() const {
    base::MutexLock lock(mutex_);
    return was_emptied_;
  }

 private:
  mutable base::Mutex mutex_;
  Names names_ ABSL_GUARDED_BY(mutex_);
  bool was_emptied_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Resolver> resolver_;
  Watcher watcher_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_INTEROP_ETCD_FIXTURE_H_
