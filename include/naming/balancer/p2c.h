// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_P2C_H_
#define NAMING_BALANCER_P2C_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/balancer.h"
#include "naming/export.h"

namespace naming::base {
class Clock;
}  // namespace naming::base

namespace naming::balancer {

// How a P2c behaves.
//
// Thread-compatible. A value.
struct NAMING_EXPORT P2cOptions {
  // The color of this client; see PickOptions::color. Empty: none.
  std::string color = {};

  // Where chance comes from; see Options::seed.
  std::optional<std::uint64_t> seed = std::nullopt;

  // How fast what was learnt is forgotten: to 1/e in this time. Range: [1ms,
  // 1h]; what is outside counts as the nearest bound.
  std::chrono::milliseconds decay = std::chrono::milliseconds(600);

  // An Endpoint that got no call for this long gets the next one that it is
  // compared for. Range: as above.
  std::chrono::milliseconds probe_interval = std::chrono::seconds(3);
};

// Takes, of two random Endpoints, the one that seems better: by its latency and
// its share of successes, both forgotten exponentially, by its calls in flight,
// its weight, and the CPU load of the server where outcomes tell it. A slow or
// failing Endpoint soon gets hardly any calls, and is tried again by one call
// each `probe_interval`, as is one of which nothing is known yet.
//
// The measure is that of Kratos' warden: CPU × (√latency + 1) × calls in flight
// / (successes × weight). It learns from Pick::Done() alone; choices by
// reference follow what was learnt, and probe nothing. What other threads have
// begun, ended and learnt, a thread knows as of 100 µs ago at most (beyond 66
// Endpoints, 1.5 µs for each, and 5 ms at most), and for choices by reference,
// as of some choices ago.
//
// Weights share out calls that overlap: with eight in flight, as they say. With
// only one at a time the heavier of two that are equally fast is always chosen.
//
// Thread-safe.
class NAMING_EXPORT P2c final : public Balancer {
 public:
  explicit P2c(P2cOptions options = {});
  // `clock` is for tests.
  P2c(P2cOptions options, const base::Clock& clock);
  ~P2c() override;

  void UpdateCandidates(std::vector<Candidate> candidates) override;

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* options) override;
  PickRef::Source DoPeek(const PickOptions* options) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_P2C_H_
