// SPDX-License-Identifier: Apache-2.0

#include "base/tick_clock.h"

#include <chrono>

#include "tests/support/catch.h"

namespace naming::base {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

TEST_CASE("Ticks pass as time does", "[clock]") {
  // The thread may lose its processor between any two readings: one interval
  // is around that of the real clock, the other within it.
  const Clock& ticks = TickClock();
  const auto outer_begin = ticks.Now();
  const auto begin = Clock::Real().Now();
  const auto inner_begin = ticks.Now();
  auto inner_end = inner_begin;
  auto end = begin;
  while (end - begin < std::chrono::milliseconds(20)) {
    inner_end = ticks.Now();
    end = Clock::Real().Now();
  }
  const Microseconds outer = ticks.Now() - outer_begin;
  const Microseconds inner = inner_end - inner_begin;
  const Microseconds real = end - begin;
  CHECK(outer.count() > real.count() * 0.98);
  CHECK(inner.count() < real.count() * 1.02);
}

}  // namespace
}  // namespace naming::base
