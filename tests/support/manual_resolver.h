// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_MANUAL_RESOLVER_H_
#define NAMING_TESTS_SUPPORT_MANUAL_RESOLVER_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/resolver.h"
#include "naming/snapshot.h"
#include "naming/watcher.h"

namespace naming::testing {

// A client without a thread: its callbacks are made when a test says so. Not
// thread-safe.
class ManualClient final {
 public:
  std::unique_ptr<Resolver> Build() {
    return std::make_unique<ManualResolver>(state_);
  }

  // Publishes a Snapshot of `instances` without telling anybody yet.
  void Publish(const std::vector<Instance>& instances) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->app_id = "demo";
    snapshot->revision = ++revision_;
    for (const Instance& instance : instances) {
      snapshot->zones[instance.zone].push_back(
          std::make_shared<const Instance>(instance));
    }
    state_->snapshot = std::move(snapshot);
    for (const auto& subscription : state_->subscriptions) {
      subscription->is_due = true;
    }
  }

  // Makes the calls that are due, as the client's thread would.
  void Run() { state_->Run(); }

  // What Watch() and Fetch() of a client that is gone do.
  void Destroy() { state_->is_gone = true; }

  // From now on Watch() calls back before it returns; the next time `then` is
  // called after that.
  void CallAtOnce(std::function<void()> then = nullptr) {
    state_->calls_at_once = true;
    state_->then = std::move(then);
  }

  // How often Watch() has been called.
  int watches() const { return state_->watches; }

 private:
  using OnChange = std::function<void(std::shared_ptr<const Snapshot>)>;

  struct Subscription {
    OnChange on_change;
    bool is_due = false;
    bool has_ended = false;
  };

  struct State {
    void Run() {
      const auto present = subscriptions;
      for (const auto& subscription : present) {
        if (!std::exchange(subscription->is_due, false)) continue;
        if (!subscription->has_ended) subscription->on_change(snapshot);
      }
    }

    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::shared_ptr<Subscription>> subscriptions;
    bool is_gone = false;
    bool calls_at_once = false;
    std::function<void()> then;
    int watches = 0;
  };

  class ManualResolver final : public Resolver {
   public:
    explicit ManualResolver(std::shared_ptr<State> state)
        : state_(std::move(state)) {}

    absl::StatusOr<std::shared_ptr<const Snapshot>> Fetch(
        std::chrono::milliseconds) override {
      if (state_->snapshot != nullptr) return state_->snapshot;
      return absl::NotFoundError("manual: no such application");
    }

    Watcher Watch(OnChange on_change) override {
      ++state_->watches;
      if (state_->is_gone) return Watcher();
      auto subscription = std::make_shared<Subscription>();
      subscription->on_change = std::move(on_change);
      subscription->is_due = state_->snapshot != nullptr;
      state_->subscriptions.push_back(subscription);
      if (state_->calls_at_once) state_->Run();
      if (const auto then = std::exchange(state_->then, nullptr)) then();
      return Watcher([state = state_, subscription] {
        subscription->has_ended = true;
        auto& all = state->subscriptions;
        all.erase(std::remove(all.begin(), all.end(), subscription), all.end());
      });
    }

   private:
    const std::shared_ptr<State> state_;
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
  std::int64_t revision_ = 0;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_MANUAL_RESOLVER_H_
