// SPDX-License-Identifier: Apache-2.0

#include "base/timers.h"

#include <chrono>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"

namespace naming::base {
namespace {

using std::chrono::seconds;

// Runs what is due at `now`, in order.
void RunDue(Timers& timers, Clock::TimePoint now) {
  while (const Loop::Task task = timers.TakeDue(now)) task();
}

TEST_CASE("Timers run by time, and at one time in the order they were set",
          "[timers]") {
  const Clock::TimePoint start = testing::FakeClock().Now();
  Timers timers;
  std::string ran;
  timers.Add(start + seconds(2), [&] { ran += 'c'; });
  timers.Add(start + seconds(1), [&] { ran += 'a'; });
  timers.Add(start + seconds(1), [&] { ran += 'b'; });
  CHECK(timers.Next() == start + seconds(1));
  RunDue(timers, start);
  CHECK(ran.empty());
  RunDue(timers, start + seconds(1));
  CHECK(ran == "ab");
  CHECK(timers.Next() == start + seconds(2));
  RunDue(timers, start + seconds(9));
  CHECK(ran == "abc");
  CHECK_FALSE(timers.Next());
}

TEST_CASE("A cancelled timer doesn't run", "[timers]") {
  const Clock::TimePoint start = testing::FakeClock().Now();
  Timers timers;
  std::string ran;
  const Loop::TimerId a = timers.Add(start, [&] { ran += 'a'; });
  const Loop::TimerId b = timers.Add(start, [&] { ran += 'b'; });
  CHECK(a != 0);
  CHECK(a != b);
  timers.Cancel(a);
  RunDue(timers, start);
  CHECK(ran == "b");
}

TEST_CASE("Cancelling a timer that ran, or none, does nothing", "[timers]") {
  const Clock::TimePoint start = testing::FakeClock().Now();
  Timers timers;
  std::string ran;
  const Loop::TimerId a = timers.Add(start, [&] { ran += 'a'; });
  RunDue(timers, start);
  timers.Add(start, [&] { ran += 'b'; });
  timers.Cancel(a);
  timers.Cancel(0);
  RunDue(timers, start);
  CHECK(ran == "ab");
}

}  // namespace
}  // namespace naming::base
