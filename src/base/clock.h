// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_CLOCK_H_
#define NAMING_BASE_CLOCK_H_

#include <chrono>

namespace naming::base {

// Where time comes from. Thread-safe.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  // Returns the monotonic time: for intervals and deadlines.
  virtual TimePoint Now() const = 0;

  // Returns the time of day, which may jump: for what goes over the wire.
  virtual std::chrono::system_clock::time_point WallNow() const = 0;

  // Returns the clock of this machine, which lives for ever.
  static const Clock& Real();

 protected:
  Clock() = default;
  ~Clock() = default;
};

}  // namespace naming::base

#endif  // NAMING_BASE_CLOCK_H_
