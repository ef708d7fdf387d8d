// SPDX-License-Identifier: Apache-2.0

#include "base/tick_clock.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace naming::base {

#if defined(__x86_64__)
namespace {

using Duration = Clock::Duration;
using TimePoint = Clock::TimePoint;

// Whether the counter has the same rate on all processors and in all states of
// theirs: "invariant TSC".
bool HasEvenTicks() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1U << 8)) != 0;
}

class TscClock final : public Clock {
 public:
  TscClock() {
    if (!HasEvenTicks()) return;
    constexpr auto kMeasured = std::chrono::microseconds(500);
    begin_ = Clock::Real().Now();
    begin_ticks_ = __rdtsc();
    TimePoint end = begin_;
    while (end - begin_ < kMeasured) end = Clock::Real().Now();
    const auto ticks = static_cast<double>(__rdtsc() - begin_ticks_);
    const double per_tick =
        static_cast<double>(Duration(end - begin_).count()) / ticks;
    // Outside of this it can't be what it says.
    if (per_tick > 0.05 && per_tick < 20) ns_per_tick_ = per_tick;
  }

  bool is_usable() const { return ns_per_tick_ > 0; }

  TimePoint Now() const override {
    const auto passed = static_cast<double>(
        static_cast<std::int64_t>(__rdtsc() - begin_ticks_));
    return begin_ + Duration(static_cast<std::int64_t>(passed * ns_per_tick_));
  }

  std::chrono::system_clock::time_point WallNow() const override {
    return Clock::Real().WallNow();
  }

 private:
  TimePoint begin_;
  std::uint64_t begin_ticks_ = 0;
  double ns_per_tick_ = 0;
};

}  // namespace

const Clock& TickClock() {
  static const TscClock clock;
  return clock.is_usable() ? clock : Clock::Real();
}
#else
const Clock& TickClock() { return Clock::Real(); }
#endif

}  // namespace naming::base
