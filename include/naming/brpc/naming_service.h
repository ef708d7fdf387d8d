// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BRPC_NAMING_SERVICE_H_
#define NAMING_BRPC_NAMING_SERVICE_H_

// Compiled by who includes it, against their brpc: naming itself neither has
// nor needs one.

#include <brpc/naming_service.h>
#include <bthread/bthread.h>
#include <bthread/condition_variable.h>
#include <bthread/mutex.h>
#include <butil/endpoint.h>

#include <cerrno>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/balanced.h"
#include "naming/balancer.h"
#include "naming/builder.h"
#include "naming/endpoint.h"
#include "naming/instance.h"

namespace naming {

// Lets brpc's channels follow an application in any of our registries. In a
// program, once, before its channels:
//
//   brpc::NamingServiceExtension()->RegisterOrDie(
//       "naming", new naming::BrpcNamingService(
//                     builders, "discovery://default/"));
//   channel.Init("naming://demo.greeter?scheme=grpc", "wrr", &options);
//
// What stands behind "naming://" is a Target; one without a scheme of its own
// comes behind `prefix`. Filter, zones and subset are as in a Balanced with
// `options`, whose ejection and Balancer don't count: brpc chooses. A server's
// tag is its weight, which brpc's "wrr" and "wr" want; its metadata is in
// ServerNode::meta_map, where this brpc has that.
//
// Lists that are empty are not passed on: the last servers stay. Until there is
// one, Channel::Init() waits.
//
// Registered objects live for ever. Thread-compatible; brpc makes a copy, by
// New(), for each application.
class BrpcNamingService final : public ::brpc::NamingService {
 public:
  explicit BrpcNamingService(Builders builders, std::string prefix = "",
                             BalancedOptions options = {})
      : builders_(std::move(builders)),
        prefix_(std::move(prefix)),
        options_(std::move(options)) {}

  // Follows `service_name` until its bthread is stopped; then returns 0, within
  // a second. Returns EINVAL when that isn't a Target, or no Builder has its
  // scheme.
  int RunNamingService(const char* service_name,
                       ::brpc::NamingServiceActions* actions) override {
    const auto list = std::make_shared<List>();
    BalancedOptions options = options_;
    options.ejection.max_share = 0;
    options.make_balancer = [list] { return std::make_unique<Receiver>(list); };
    const auto balanced =
        Balanced::Create(builders_, TargetOf(service_name), std::move(options));
    if (!balanced.ok()) return EINVAL;
    std::vector<Endpoint> endpoints;
    while (list->Await(endpoints)) {
      const std::vector<::brpc::ServerNode> nodes = NodesOf(endpoints);
      if (!nodes.empty()) actions->ResetServers(nodes);
    }
    return 0;
  }

  ::brpc::NamingService* New() const override {
    return new BrpcNamingService(builders_, prefix_, options_);
  }

  void Destroy() override { delete this; }

  void Describe(std::ostream& out,
                const ::brpc::DescribeOptions&) const override {
    out << "naming";
  }

 private:
  static constexpr long kSliceMicroseconds = 1'000'000;

  // What goes from the registry's client to the bthread.
  class List final {
   public:
    void Set(std::vector<Endpoint> endpoints) {
      const std::unique_lock<bthread::Mutex> lock(mutex_);
      endpoints_ = std::move(endpoints);
      is_new_ = true;
      changed_.notify_one();
    }

    // Waits for the next list; false: the bthread was stopped.
    bool Await(std::vector<Endpoint>& endpoints) {
      std::unique_lock<bthread::Mutex> lock(mutex_);
      while (!bthread_stopped(bthread_self())) {
        if (is_new_) {
          is_new_ = false;
          endpoints = endpoints_;
          return true;
        }
        changed_.wait_for(lock, kSliceMicroseconds);
      }
      return false;
    }

   private:
    bthread::Mutex mutex_;
    bthread::ConditionVariable changed_;
    std::vector<Endpoint> endpoints_;
    bool is_new_ = false;
  };

  // The Balancer's place in a Balanced, where the lists arrive.
  class Receiver final : public Balancer {
   public:
    explicit Receiver(std::shared_ptr<List> list) : list_(std::move(list)) {}

    void UpdateCandidates(std::vector<Candidate> candidates) override {
      std::vector<Endpoint> endpoints;
      endpoints.reserve(candidates.size());
      for (Candidate& candidate : candidates) {
        endpoints.push_back(std::move(candidate.endpoint));
      }
      list_->Set(std::move(endpoints));
    }

   protected:
    absl::StatusOr<Pick> DoChoose(const PickOptions*) override {
      return absl::UnavailableError("brpc chooses");
    }
    PickRef::Source DoPeek(const PickOptions*) override { return {nullptr, 0}; }

   private:
    const std::shared_ptr<List> list_;
  };

  template <typename Node, typename = void>
  struct HasMetaMap : std::false_type {};
  template <typename Node>
  struct HasMetaMap<Node, std::void_t<decltype(std::declval<Node&>().meta_map)>>
      : std::true_type {};

  std::string TargetOf(std::string_view service_name) const {
    std::string target;
    if (service_name.find("://") == std::string_view::npos) target = prefix_;
    target += service_name;
    return target;
  }

  // Skips addresses that can't be resolved.
  static std::vector<::brpc::ServerNode> NodesOf(
      const std::vector<Endpoint>& endpoints) {
    std::vector<::brpc::ServerNode> nodes;
    nodes.reserve(endpoints.size());
    for (const Endpoint& endpoint : endpoints) {
      ::brpc::ServerNode node;
      const char* const address = endpoint.address.c_str();
      if (butil::str2endpoint(address, &node.addr) != 0 &&
          butil::hostname2endpoint(address, &node.addr) != 0) {
        continue;
      }
      node.tag = std::to_string(endpoint.weight);
      AddMetadata(*endpoint.instance, node);
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

  template <typename Node>
  static void AddMetadata(const Instance& instance, Node& node) {
    if constexpr (HasMetaMap<Node>::value) {
      for (const auto& [key, value] : instance.metadata) {
        node.meta_map[key] = value;
      }
    }
  }

  const Builders builders_;
  const std::string prefix_;
  const BalancedOptions options_;
};

}  // namespace naming

#endif  // NAMING_BRPC_NAMING_SERVICE_H_
