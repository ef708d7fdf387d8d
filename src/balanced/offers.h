// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_OFFERS_H_
#define NAMING_BALANCED_OFFERS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "balanced/probe.h"
#include "base/hash.h"
#include "base/reclaim.h"
#include "naming/balancer.h"

namespace naming::balanced {

// The Probes that wait for a call of their color. A call whose color has none
// finds that out by one look at a word that hardly ever changes, and no call
// waits: the Probes stand in a list that is replaced, never changed.
//
// Thread-safe, Publish() apart: one thread at a time.
class alignas(64) Offers final {
 public:
  Offers() = default;

  // Replaces the Probes. Does nothing when they are those that were published
  // last.
  void Publish(std::vector<std::shared_ptr<Probe>> probes);

  // Returns whether there may be one for a call that got an Endpoint of
  // `color`.
  bool MayHave(std::string_view color) const {
    const std::uint64_t colors = colors_.load(std::memory_order_relaxed);
    if (__builtin_expect((colors & kAllColors) == 0, 1)) return false;
    return (colors & BitOf(color)) != 0;
  }

  // Returns one that `options` don't avoid, claimed; else null. `options` may
  // be null.
  std::shared_ptr<Probe> Claim(std::string_view color,
                               const PickOptions* options);

  // How many have been claimed.
  std::uint64_t claimed() const {
    return claimed_.load(std::memory_order_relaxed);
  }

 private:
  using Probes = std::vector<std::shared_ptr<Probe>>;

  // Of 64 bits those below kColors stand for colors that have a Probe, several
  // for one bit; the others count the lists, so that who takes the last Probe
  // of a bit clears it in the list that it was in, and not in one that came
  // meanwhile.
  static constexpr std::uint64_t kColors = 48;
  static constexpr std::uint64_t kAllColors = (std::uint64_t{1} << kColors) - 1;

  static std::uint64_t BitOf(std::string_view color) {
    return std::uint64_t{1} << (base::Mix64(base::Fnv1a64(color)) % kColors);
  }

  std::atomic<std::uint64_t> colors_{0};
  std::atomic<std::uint64_t> claimed_{0};
  base::Guarded<Probes> probes_;
  Probes published_;  // The same, for who publishes.
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_OFFERS_H_
