// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_ASLEEP_H_
#define NAMING_TESTS_SUPPORT_ASLEEP_H_

#include <functional>
#include <future>
#include <utility>

namespace naming::testing {

// As AsyncUntilAsleep(), for the results that tests ask for: asleep.cc has a
// list of them. Tests compile a good deal faster when each doesn't bring a
// std::async of its own.
template <typename Result>
std::future<Result> StartUntilAsleep(std::function<Result()> call);

// Runs `call` on a thread of its own and returns when it waits within it, or
// has ended. For objects that must not be destroyed before a call has begun.
template <typename Call>
auto AsyncUntilAsleep(Call call) {
  return StartUntilAsleep<decltype(call())>(std::move(call));
}

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_ASLEEP_H_
