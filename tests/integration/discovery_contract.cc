// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/text.h"
#include "discovery/protocol.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/support/backend_contract.h"
#include "tests/support/catch.h"
#include "tests/support/raw_provider.h"
#include "tests/support/raw_server.h"

// The contract of backends, for a discovery Client and its nodes.
namespace naming::testing {
namespace {

// What the nodes are, by NAMING_TEST_NODES: one word for each, its quirks as
// DiscoveryNodeOptions has them, such as "v1.1.1"; "clean" for none. Unset: one
// clean node.
std::vector<std::string> NodesToTest() {
  const char* const value = std::getenv("NAMING_TEST_NODES");
  const std::string words = value == nullptr ? "clean" : value;
  std::vector<std::string> nodes;
  for (const std::string_view word : base::Split(words, ' ')) {
    nodes.emplace_back(word);
  }
  return nodes;
}

class DiscoveryContract final : public ContractBackend {
 public:
  DiscoveryContract() : quirks_(NodesToTest()), ports_(quirks_.size()) {
    for (const RefusingPort& port : ports_) {
      addresses_.push_back(absl::StrFormat("127.0.0.1:%d", port.port()));
    }
    SetReachable(true);
    discovery::ClientOptions options;
    options.nodes = addresses_;
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
    nodes_.clear();
    if (!is_reachable) return;
    for (std::size_t i = 0; i < quirks_.size(); ++i) StartNode(i);
  }

  void Forget() override { SetReachable(true); }

  void RemoveBehind(const Instance& instance) override {
    REQUIRE_FALSE(RawProvider(addresses_[0]).Cancel(instance).empty());
  }

  void LetRefresh() override {}  // Every second.

  std::vector<Instance> Held(const std::string& app_id) override {
    net::HttpResponse response;
    response.status_code = 200;
    response.body =
        RawProvider(addresses_[0])
            .Get(absl::StrFormat("/discovery/fetchs?env=dev&status=3&appid=%s",
                                 app_id));
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
  void StartNode(std::size_t i) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    node::DiscoveryNodeOptions options;
    options.listen = addresses_[i];
    options.region = "region01";
    options.zone = "zone01";
    options.env = "dev";
    if (addresses_.size() > 1) options.nodes = addresses_;
    if (quirks_[i] != "clean") options.quirks = {quirks_[i]};
    auto node = node::DiscoveryNode::Start(std::move(options));
    INFO(node.status());
    REQUIRE(node.ok());
    nodes_.push_back(*std::move(node));
  }

  const std::vector<std::string> quirks_;  // By node.
  const std::vector<RefusingPort> ports_;  // Kept for this test.
  std::vector<std::string> addresses_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<node::DiscoveryNode>> nodes_
      ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<discovery::Client> client_;
};

}  // namespace

std::unique_ptr<ContractBackend> MakeContractBackend() {
  return std::make_unique<DiscoveryContract>();
}

}  // namespace naming::testing
