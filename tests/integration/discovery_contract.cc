// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "discovery/protocol.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/support/backend_contract.h"
#include "tests/support/catch.h"
#include "tests/support/raw_provider.h"

// The contract of backends, for a discovery Client and one node.
namespace naming::testing {
namespace {

using node::DiscoveryNode;

std::unique_ptr<DiscoveryNode> StartNode(const std::string& listen) {
  node::DiscoveryNodeOptions options;
  options.listen = listen;
  options.region = "region01";
  options.zone = "zone01";
  options.env = "dev";
  auto node = DiscoveryNode::Start(std::move(options));
  REQUIRE(node.ok());
  return *std::move(node);
}

class DiscoveryContract final : public ContractBackend {
 public:
  DiscoveryContract()
      : node_(StartNode("127.0.0.1:0")),
        address_(node_->address()),
        raw_(address_) {
    discovery::ClientOptions options;
    options.nodes = {address_};
    options.renew_interval = std::chrono::seconds(1);
    auto client = discovery::Client::Create(std::move(options));
    REQUIRE(client.ok());
    client_ = *std::move(client);
  }

  Registry& registry() override { return *client_; }
  Builder& builder() override { return *client_; }
  void DestroyClient() override { client_.reset(); }

  std::string TargetOf(const std::string& app_id) override {
    return "discovery://default/" + app_id;
  }

  void SetReachable(bool is_reachable) override {
    base::MutexLock lock(mutex_);
    node_.reset();
    if (is_reachable) node_ = StartNode(address_);
  }

  void Forget() override { SetReachable(true); }

  void RemoveBehind(const Instance& instance) override {
    REQUIRE_FALSE(raw_.Cancel(instance).empty());
  }

  void LetRefresh() override {}  // Every second.

  std::vector<Instance> Held(const std::string& app_id) override {
    net::HttpResponse response;
    response.status_code = 200;
    response.body = raw_.Get(
        absl::StrFormat("/discovery/fetchs?env=dev&status=3&appid=%s", app_id));
    const auto answer = discovery::DecodeAnswer(std::move(response));
    if (!answer.ok()) return {};
    discovery::AppAnswers answers = discovery::DecodeApps(*answer, "dev");
    std::vector<Instance> held;
    for (const auto& object : answers.apps[app_id].list.objects) {
      held.push_back(*object);
    }
    return held;
  }

 private:
  base::Mutex mutex_;
  std::unique_ptr<DiscoveryNode> node_ ABSL_GUARDED_BY(mutex_);
  const std::string address_;
  const RawProvider raw_;
  std::unique_ptr<discovery::Client> client_;
};

}  // namespace

std::unique_ptr<ContractBackend> MakeContractBackend() {
  return std::make_unique<DiscoveryContract>();
}

}  // namespace naming::testing
