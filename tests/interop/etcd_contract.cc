// SPDX-License-Identifier: Apache-2.0
// The contract of backends, for an etcd Client and one etcd; in the layout that
// the environment names.

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "etcd/keys.h"
#include "etcd/layout.h"
#include "etcd/place.h"
#include "naming/etcd/client.h"
#include "tests/support/backend_contract.h"
#include "tests/support/catch.h"
#include "tests/support/etcd_server.h"

namespace naming::testing {
namespace {

constexpr std::string_view kDetailsPrefix = "naming";

// One for all tests, emptied for each: it takes half a second to start.
EtcdServer& SharedServer() {
  static EtcdServer server;
  return server;
}

etcd::ClientOptions MakeOptions() {
  etcd::ClientOptions options;
  options.region = "region01";
  options.zone = "zone01";
  options.env = "dev";
  options.nodes = {SharedServer().address()};
  const char* layout = std::getenv("NAMING_LAYOUT");
  for (const auto candidate : {etcd::Layout::kKratos, etcd::Layout::kGoZero,
                               etcd::Layout::kKratos1, etcd::Layout::kGrpc}) {
    if (layout != nullptr && etcd::ToString(candidate) == layout) {
      options.layout = candidate;
    }
  }
  // An address alone has no name and no version, which the contract looks at.
  if (options.layout == etcd::Layout::kGoZero) {
    options.details_prefix = std::string(kDetailsPrefix);
  }
  options.ttl = std::chrono::seconds(4);
  options.cancel_timeout = std::chrono::milliseconds(500);
  return options;
}

class EtcdContract final : public ContractBackend {
 public:
  EtcdContract()
      : server_(SharedServer()),
        options_(MakeOptions()),
        layout_(etcd::MakeLayout(options_)) {
    server_.Clear();
    auto client = etcd::Client::Create(options_);
    REQUIRE(client.ok());
    client_ = *std::move(client);
  }

  Registry& registry() override { return *client_; }
  Builder& builder() override { return *client_; }
  void DestroyClient() override { client_.reset(); }

  std::string TargetOf(const std::string& app_id) override {
    return etcd::SchemeOf(options_.layout) + "://default/" + app_id;
  }

  void SetReachable(bool is_reachable) override {
    base::MutexLock lock(mutex_);
    server_.Kill();
    if (is_reachable) server_.Start();
  }

  void Forget() override {
    base::MutexLock lock(mutex_);
    server_.Kill();
    server_.Wipe();
    server_.Start();
  }

  void RemoveBehind(const Instance& instance) override {
    base::MutexLock lock(mutex_);
    for (const etcd::KeyValue& kv : KeysOf(instance.app_id)) {
      const auto held = layout_->Decode(instance.app_id, {kv.key, kv.value});
      REQUIRE(held.ok());
      if (!held->has_value() || (*held)->hostname != instance.hostname) {
        continue;
      }
      server_.Delete(kv.key);
      if (options_.layout == etcd::Layout::kGoZero) {
        server_.Delete(kv.key.substr(kDetailsPrefix.size() + 1));
      }
    }
  }

  void LetRefresh() override {}  // Every 1.3 s.

  std::vector<Instance> Held(const std::string& app_id) override {
    base::MutexLock lock(mutex_);
    etcd::Keys keys(*layout_, app_id);
    keys.Replace({1, KeysOf(app_id)});
    return keys.Instances();
  }

 private:
  std::vector<etcd::KeyValue> KeysOf(const std::string& app_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<etcd::KeyValue> all;
    for (const std::string& prefix : layout_->Prefixes(app_id)) {
      for (etcd::KeyValue& kv : server_.Range(prefix)) {
        all.push_back(std::move(kv));
      }
    }
    return all;
  }

  base::Mutex mutex_;
  EtcdServer& server_ ABSL_GUARDED_BY(mutex_);
  const etcd::ClientOptions options_;
  const std::unique_ptr<etcd::LayoutCodec> layout_;
  std::unique_ptr<etcd::Client> client_;
};

}  // namespace

std::unique_ptr<ContractBackend> MakeContractBackend() {
  return std::make_unique<EtcdContract>();
}

}  // namespace naming::testing
