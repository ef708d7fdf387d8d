// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEGRATION_DISCOVERY_FIXTURE_H_
#define NAMING_TESTS_INTEGRATION_DISCOVERY_FIXTURE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

// What tests of the discovery client against real nodes begin with.
namespace naming::discovery {

// With the quirks that NAMING_TEST_QUIRKS names, if any, when the test has none
// of its own in mind.
inline std::unique_ptr<node::DiscoveryNode> StartNode(
    node::DiscoveryNodeOptions options) {
  options.zone = "zone01";
  const char* const quirks = std::getenv("NAMING_TEST_QUIRKS");
  if (quirks != nullptr && *quirks != '\0' && options.quirks.empty()) {
    options.quirks = {quirks};
  }
  auto node = node::DiscoveryNode::Start(std::move(options));
  INFO(node.status());
  REQUIRE(node.ok());
  return *std::move(node);
}

inline std::unique_ptr<node::DiscoveryNode> StartNode(
    const std::string& listen = "127.0.0.1:0") {
  node::DiscoveryNodeOptions options;
  options.listen = listen;
  return StartNode(std::move(options));
}

// A node that clients don't find behind its proxy's back: it tells of itself in
// another env.
inline std::unique_ptr<node::DiscoveryNode> StartHiddenNode(
    node::DiscoveryNodeOptions options = {}) {
  options.env = "hidden";
  return StartNode(std::move(options));
}

inline ClientOptions OptionsFor(std::vector<std::string> nodes) {
  ClientOptions options;
  options.nodes = std::move(nodes);
  // So that losses are noticed soon.
  options.renew_interval = std::chrono::seconds(1);
  return options;
}

inline std::unique_ptr<Client> MakeClient(ClientOptions options) {
  auto client = Client::Create(std::move(options));
  REQUIRE(client.ok());
  return *std::move(client);
}

inline std::unique_ptr<Client> MakeClient(const node::DiscoveryNode& node) {
  return MakeClient(OptionsFor({node.address()}));
}

inline Instance MakeInstance(const std::string& hostname,
                             const std::string& app_id = "demo.app") {
  Instance instance;
  instance.app_id = app_id;
  instance.hostname = hostname;
  instance.zone = "zone01";
  instance.env = "dev";
  instance.addrs = {"grpc://10.0.0.7:9000"};
  return instance;
}

// What a watcher of an application was told last.
class Follower {
 public:
  explicit Follower(Client& client, const std::string& app_id = "demo.app")
      : resolver_(client.Build("discovery:///" + app_id).value()),
        watcher_(resolver_->Watch(
            [this](const std::shared_ptr<const Snapshot>& snapshot) {
              Take(snapshot);
            })) {}

  std::set<std::string> hostnames() const {
    base::MutexLock lock(mutex_);
    std::set<std::string> names;
    if (newest_ == nullptr) return {"(none)"};
    for (const auto& instance : newest_->AllInstances()) {
      names.insert(instance->hostname);
    }
    return names;
  }

  bool Sees(const std::set<std::string>& expected) const {
    const bool sees =
        testing::Eventually([&] { return hostnames() == expected; });
    if (!sees)
      UNSCOPED_INFO("sees "
                    << Catch::StringMaker<std::set<std::string>>::convert(
                           hostnames()));
    return sees;
  }

  // Returns when the Instance was first there; the clock's beginning: never.
  std::chrono::steady_clock::time_point FirstSaw(
      const std::string& hostname) const {
    base::MutexLock lock(mutex_);
    const auto it = first_seen_.find(hostname);
    return it == first_seen_.end() ? std::chrono::steady_clock::time_point()
                                   : it->second;
  }

  // Returns the size of the smallest list since the last ResetLeast().
  std::size_t least() const {
    base::MutexLock lock(mutex_);
    return least_;
  }
  void ResetLeast() {
    base::MutexLock lock(mutex_);
    least_ = newest_ == nullptr ? 0 : newest_->size();
  }

 private:
  void Take(const std::shared_ptr<const Snapshot>& snapshot) {
    const auto now = std::chrono::steady_clock::now();
    base::MutexLock lock(mutex_);
    newest_ = snapshot;
    least_ = std::min(least_, snapshot->size());
    for (const auto& instance : snapshot->AllInstances()) {
      first_seen_.emplace(instance->hostname, now);
    }
  }

  mutable base::Mutex mutex_;
  std::shared_ptr<const Snapshot> newest_ ABSL_GUARDED_BY(mutex_);
  std::size_t least_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::chrono::steady_clock::time_point> first_seen_
      ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Resolver> resolver_;
  Watcher watcher_;
};

}  // namespace naming::discovery

#endif  // NAMING_TESTS_INTEGRATION_DISCOVERY_FIXTURE_H_
