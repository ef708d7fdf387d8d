// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_FAKE_CLOCK_H_
#define NAMING_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace naming::testing {

// A Clock that stands still until it is told to move. Thread-safe.
class FakeClock final : public base::Clock {
 public:
  TimePoint Now() const override {
    return TimePoint(Duration(elapsed_.load()));
  }

  std::chrono::system_clock::time_point WallNow() const override {
    return std::chrono::system_clock::time_point(
        std::chrono::nanoseconds(elapsed_.load() + wall_offset_.load()));
  }

  void Advance(Duration by) { elapsed_ += by.count(); }

  // Moves the time of day alone, as an operator does.
  void SetBackWall(Duration by) { wall_offset_ -= by.count(); }

 private:
  std::atomic<Duration::rep> elapsed_{Duration(std::chrono::hours(1)).count()};
  // 2026-01-01: nanoseconds since the epoch that no double holds exactly.
  std::atomic<Duration::rep> wall_offset_{1767225600'000000001};
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_FAKE_CLOCK_H_
