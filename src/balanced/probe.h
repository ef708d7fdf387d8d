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

// The one call that an ejected Endpoint gets to show that it is well.
//
// Thread-safe. Held by shared_ptr: by the Ejector and by the Pick.
class Probe final : public Pick::Handle {
 public:
  Probe(Endpoint endpoint, std::shared_ptr<Alarm> alarm)
      : Handle(std::move(endpoint)), alarm_(std::move(alarm)) {}

  // Returns the Pick of it. To be called once.
  static Pick Take(std::shared_ptr<Probe> probe) {
    Probe& handle = *probe;
    auto hold = std::make_unique<std::shared_ptr<Probe>>(std::move(probe));
    return Pick(handle, reinterpret_cast<std::uintptr_t>(hold.release()));
  }

  void Done(const Outcome& outcome, std::int64_t /*start*/) override {
    result_.store(static_cast<int>(outcome.result));
    alarm_->Ring();
  }

  void Release(std::uintptr_t hold) override {
    delete reinterpret_cast<std::shared_ptr<Probe>*>(hold);
  }

  // Returns how the call ended, when it has.
  std::optional<Outcome::Result> result() const {
    const int result = result_.load();
    if (result == kOpen) return std::nullopt;
    return static_cast<Outcome::Result>(result);
  }

 private:
  static constexpr int kOpen = -1;

  const std::shared_ptr<Alarm> alarm_;
  std::atomic<int> result_{kOpen};
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_PROBE_H_
