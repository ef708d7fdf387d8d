// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_HTTP_LISTENING_BALANCER_H_
#define NAMING_HTTP_LISTENING_BALANCER_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "naming/balancer.h"

namespace naming::http {

// Chooses as another Balancer does, and tells which addresses that one has: the
// list as the policies left it, when it is in force.
class ListeningBalancer final : public Balancer {
 public:
  using Listener = std::function<void(std::set<std::string> addresses)>;

  ListeningBalancer(std::unique_ptr<Balancer> balancer, Listener listener)
      : balancer_(std::move(balancer)), listener_(std::move(listener)) {}

  void UpdateCandidates(std::vector<Candidate> candidates) override {
    std::set<std::string> addresses;
    for (const Candidate& candidate : candidates) {
      addresses.insert(candidate.endpoint.address);
    }
    balancer_->UpdateCandidates(std::move(candidates));
    listener_(std::move(addresses));
  }

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* options) override {
    return options == nullptr ? balancer_->Choose()
                              : balancer_->Choose(*options);
  }

  // Nobody peeks.
  PickRef::Source DoPeek(const PickOptions*) override { return {nullptr, 0}; }

 private:
  const std::unique_ptr<Balancer> balancer_;
  const Listener listener_;
};

}  // namespace naming::http

#endif  // NAMING_HTTP_LISTENING_BALANCER_H_
