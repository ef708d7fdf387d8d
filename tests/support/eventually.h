// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_EVENTUALLY_H_
#define NAMING_TESTS_SUPPORT_EVENTUALLY_H_

#include <chrono>
#include <thread>

namespace naming::testing {

// Returns whether `condition` comes true within a limit that is generous enough
// for a loaded machine under a sanitizer. The only wait on real time in tests.
template <typename Condition>
bool Eventually(const Condition& condition) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_EVENTUALLY_H_
