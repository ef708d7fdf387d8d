// SPDX-License-Identifier: Apache-2.0
// A backend of one's own: a Builder for Targets "fixed:///app_id" whose
// Resolvers know one address and never change. Code that takes a Builders value
// follows any backend that the Target's scheme names.
//
//   example-custom_backend

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

#include "naming/builder.h"

namespace {

class FixedResolver final : public naming::Resolver {
 public:
  explicit FixedResolver(std::shared_ptr<const naming::Snapshot> snapshot)
      : snapshot_(std::move(snapshot)) {}

  absl::StatusOr<std::shared_ptr<const naming::Snapshot>> Fetch(
      std::chrono::milliseconds) override {
    return snapshot_;
  }

  naming::Watcher Watch(
      std::function<void(std::shared_ptr<const naming::Snapshot>)> on_change)
      override {
    on_change(snapshot_);
    return naming::Watcher();  // Nothing will change: nothing to end.
  }

 private:
  const std::shared_ptr<const naming::Snapshot> snapshot_;
};

class FixedBuilder final : public naming::Builder {
 public:
  std::string_view scheme() const override { return "fixed"; }

  using naming::Builder::Build;
  absl::StatusOr<std::unique_ptr<naming::Resolver>> Build(
      const naming::Target& target) override {
    auto instance = std::make_shared<naming::Instance>();
    instance->app_id = target.app_id;
    instance->addrs = {"grpc://127.0.0.1:9000"};
    auto snapshot = std::make_shared<naming::Snapshot>();
    snapshot->app_id = target.app_id;
    snapshot->revision = 1;
    snapshot->zones[""].push_back(std::move(instance));
    return std::make_unique<FixedResolver>(std::move(snapshot));
  }
};

}  // namespace

int main() {
  naming::Builders builders;
  absl::Status added = builders.Add(std::make_shared<FixedBuilder>());
  if (!added.ok()) {
    std::cerr << added << "\n";
    return 1;
  }
  auto resolver = builders.Build("fixed:///demo.greeter");
  if (!resolver.ok()) {
    std::cerr << resolver.status() << "\n";
    return 1;
  }
  auto snapshot = (*resolver)->Fetch(std::chrono::seconds(1));
  if (!snapshot.ok()) return 1;
  std::cout << (*snapshot)->AllInstances().front()->addrs.front() << "\n";
  return 0;
}
