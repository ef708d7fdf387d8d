// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_PROBE_H_
#define NAMING_BALANCED_PROBE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "balanced/alarm.h"
#include "naming/balancer.h"

namespace naming::balanced {

// The one call that an ejected Endpoint gets to show that it is well: offered
// until a call takes it, or it is withdrawn; what took it is the one until it
// ends, however long that is.
//
// Thread-safe. Held by shared_ptr: by the Ejector and by the Pick.
class Probe final : public Pick::Handle {
 public:
  Probe(Endpoint endpoint, std::shared_ptr<Alarm> alarm)
      : Handle(std::move(endpoint)), alarm_(std::move(alarm)) {}

  // Each returns true for one caller, and only one of them does.
  bool Claim() { return Leave(kOffered, kTaken); }
  bool Withdraw() { return Leave(kOffered, kWithdrawn); }

  bool is_offered() const {
    return state_.load(std::memory_order_relaxed) == kOffered;
  }

  // Returns the Pick of it, for who has claimed it.
  static Pick Take(std::shared_ptr<Probe> probe) {
    Probe& handle = *probe;
    auto hold = std::make_unique<std::shared_ptr<Probe>>(std::move(probe));
    return Pick(handle, reinterpret_cast<std::uintptr_t>(hold.release()));
  }

  void Done(const Outcome& outcome, std::int64_t /*start*/) override {
    state_.store(static_cast<int>(outcome.result));
    alarm_->Ring();
  }

  void Release(std::uintptr_t hold) override {
    delete reinterpret_cast<std::shared_ptr<Probe>*>(hold);
  }

  // Returns how the call ended, when it has.
  std::optional<Outcome::Result> result() const {
    const int state = state_.load();
    if (state < 0) return std::nullopt;
    return static_cast<Outcome::Result>(state);
  }

 private:
  // Below what stands for a result.
  static constexpr int kOffered = -1;
  static constexpr int kTaken = -2;
  static constexpr int kWithdrawn = -3;

  bool Leave(int from, int to) {
    return state_.compare_exchange_strong(from, to);
  }

  const std::shared_ptr<Alarm> alarm_;
  std::atomic<int> state_{kOffered};
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_PROBE_H_
