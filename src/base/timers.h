// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_TIMERS_H_
#define NAMING_BASE_TIMERS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/loop.h"

namespace naming::base {

// The timers of a Loop, in the order in which they fall due.
//
// Thread-compatible.
class Timers final {
 public:
  Loop::TimerId Add(Clock::TimePoint when, Loop::Task task);
  void Cancel(Loop::TimerId id);

  // Returns when the next one falls due.
  std::optional<Clock::TimePoint> Next() const;

  // Takes out and returns the first task due at `now`; none: an empty function.
  Loop::Task TakeDue(Clock::TimePoint now);

 private:
  using Key = std::pair<Clock::TimePoint, Loop::TimerId>;

  std::map<Key, Loop::Task> by_time_;
  std::unordered_map<Loop::TimerId, Clock::TimePoint> when_;
  Loop::TimerId last_id_ = 0;
};

}  // namespace naming::base

#endif  // NAMING_BASE_TIMERS_H_
