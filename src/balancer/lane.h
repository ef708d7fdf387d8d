// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_LANE_H_
#define NAMING_BALANCER_LANE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/thread_record.h"

// Threads are dealt into lanes. What calls change is kept for each lane, on
// cache lines of its own, and a thread that chooses adds what it knows of the
// other lanes: it pulls that anew when it is older than a moment. Were it
// pushed, in batches, a thread that goes idle would leave a count that is wrong
// for ever; and without lanes each call takes the lines of its Endpoint away
// from the other processors, four times.
namespace naming::balancer {

// With more threads than that some share a lane, which is right, and slower.
inline constexpr std::size_t kLanes = 8;

inline std::size_t LaneOf(const base::ThreadRecord& record) {
  return record.number % kLanes;
}

// Returns the lane of this thread.
inline std::size_t OwnLane() {
  const base::ThreadRecord* record = base::light_record;
  if (record == nullptr) record = base::OwnRecord();
  return record == nullptr ? 0 : LaneOf(*record);
}

inline constexpr std::int64_t kMaxAge = 5'000'000;

// Returns how old, in ns, may be what a lane knows of the others, in a group of
// so many Endpoints. To pull is to take a line from another processor, and that
// for each Endpoint: so the more there are, and the less each one is compared,
// the longer, lest a thread that does nothing but choose do little else.
constexpr std::int64_t MaxAge(std::size_t endpoints) {
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(endpoints) * 1500,
                                  100'000, kMaxAge);
}

// Where and when a call is chosen for, or ends.
struct Moment {
  std::size_t lane;
  std::int64_t now;      // Of the steady clock, in ns.
  std::int64_t max_age;  // Of what is known of other lanes, in ns.

  // Clocks may jump: what comes from the future is old.
  bool IsTooLateFor(std::int64_t pulled_at) const {
    return static_cast<std::uint64_t>(now - pulled_at) >
           static_cast<std::uint64_t>(max_age);
  }
};

inline constexpr std::int64_t kLongAgo = INT64_MIN / 2;

inline std::int64_t NanosecondsOf(const base::Clock& clock) {
  return std::chrono::nanoseconds(clock.Now().time_since_epoch()).count();
}

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_LANE_H_
