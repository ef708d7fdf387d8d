// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_TIMEOUT_H_
#define NAMING_CORE_TIMEOUT_H_

#include <algorithm>
#include <chrono>

namespace naming::core {

// Returns `timeout` so that it can be added to a time of any clock: negative
// counts as zero, and more than a year as a year.
inline std::chrono::milliseconds Bounded(std::chrono::milliseconds timeout) {
  return std::clamp<std::chrono::milliseconds>(
      timeout, std::chrono::milliseconds::zero(), std::chrono::hours(24 * 365));
}

}  // namespace naming::core

#endif  // NAMING_CORE_TIMEOUT_H_
