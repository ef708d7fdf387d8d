// SPDX-License-Identifier: Apache-2.0

#include "tests/support/asleep.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/registry.h"
#include "tests/support/eventually.h"

namespace naming::testing {
namespace {

// Returns whether the thread `id` of this process waits for something.
bool IsAsleep(pid_t id) {
  std::ifstream file("/proc/self/task/" + std::to_string(id) + "/stat");
  std::string line;
  std::getline(file, line);
  // "id (name) state …", and a name may hold anything.
  const std::size_t name_end = line.rfind(") ");
  return name_end != std::string::npos && line[name_end + 2] == 'S';
}

}  // namespace

template <typename Result>
std::future<Result> StartUntilAsleep(std::function<Result()> call) {
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

template std::future<void> StartUntilAsleep(std::function<void()>);
template std::future<bool> StartUntilAsleep(std::function<bool()>);
template std::future<int> StartUntilAsleep(std::function<int()>);
template std::future<absl::Status> StartUntilAsleep(
    std::function<absl::Status()>);
template std::future<absl::StatusOr<Registration>> StartUntilAsleep(
    std::function<absl::StatusOr<Registration>()>);

}  // namespace naming::testing
