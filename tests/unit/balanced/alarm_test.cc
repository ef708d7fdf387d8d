// SPDX-License-Identifier: Apache-2.0

#include "balanced/alarm.h"

#include <chrono>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::balanced {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("What rings while it is decided asks for another look", "[alarm]") {
  testing::FakeClock clock;
  Alarm alarm(clock);
  alarm.Ring();
  alarm.Silence();
  alarm.Ring();
  alarm.Hasten(clock.Now() + seconds(1));
  CHECK(alarm.IsDue());
  alarm.Silence();
  CHECK_FALSE(alarm.IsDue());
  alarm.Hasten(clock.Now() + seconds(2));
  alarm.Hasten(clock.Now() + seconds(1));
  alarm.Hasten(clock.Now() + seconds(3));
  clock.Advance(milliseconds(999));
  CHECK_FALSE(alarm.IsDue());
  clock.Advance(milliseconds(1));
  CHECK(alarm.IsDue());
}

}  // namespace
}  // namespace naming::balanced
