// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_TICK_CLOCK_H_
#define NAMING_BASE_TICK_CLOCK_H_

#include "base/clock.h"

namespace naming::base {

// Returns a Clock for the intervals that a pick measures, which lives for ever:
// the processor's counter of ticks, where that is there and runs evenly, else
// Clock::Real(). It takes half the time, and doesn't have the processor finish
// first what went before; but it isn't adjusted by anybody, and a virtual
// machine that is moved may see it jump. The first call takes half a
// millisecond.
const Clock& TickClock();

}  // namespace naming::base

#endif  // NAMING_BASE_TICK_CLOCK_H_
