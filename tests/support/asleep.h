// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_ASLEEP_H_
#define NAMING_TESTS_SUPPORT_ASLEEP_H_

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/eventually.h"

namespace naming::testing {

// Returns whether the thread `id` of this process waits for something.
inline bool IsAsleep(pid_t id) {
  std::ifstream file("/proc/self/task/" + std::to_string(id) + "/stat");
  std::string line;
  std::getline(file, line);
  // "id (name) state …", and a name may hold anything.
  const std::size_t name_end = line.rfind(") ");
  return name_end != std::string::npos && line[name_end + 2] == 'S';
}

// Runs `call` on a thread of its own and returns when it waits within it, or
// has ended. For objects that must not be destroyed before a call has begun.
template <typename Call>
auto AsyncUntilAsleep(Call call) -> std::future<decltype(call())> {
  const auto id = std::make_shared<std::atomic<pid_t>>(0);
  auto result = std::async(std::launch::async, [id, call = std::move(call)] {
    *id = gettid();
    return call();
  });
  Eventually([&] {
    return result.wait_for(std::chrono::seconds(0)) ==
               std::future_status::ready ||
           (*id != 0 && IsAsleep(*id));
  });
  return result;
}

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_ASLEEP_H_
