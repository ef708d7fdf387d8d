// SPDX-License-Identifier: Apache-2.0

#include "base/wakeup_timer.h"

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "tests/support/asleep.h"
#include "tests/support/catch.h"

namespace naming::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::unique_ptr<WakeupTimer> MakeWithoutDescriptor() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  auto timer = std::make_unique<WakeupTimer>();
  setrlimit(RLIMIT_NOFILE, &limit);
  return timer;
}

TEST_CASE("A wakeup comes when its time has passed", "[wakeup_timer]") {
  WakeupTimer timer;
  const auto start = steady_clock::now();
  timer.Set(milliseconds(20));
  timer.Wait();
  CHECK(steady_clock::now() - start >= milliseconds(20));
}

TEST_CASE("The last time set counts", "[wakeup_timer]") {
  WakeupTimer timer;
  timer.Set(hours(1));
  timer.Set(milliseconds(0));
  timer.Wait();
  const auto start = steady_clock::now();
  timer.Set(milliseconds(0));
  timer.Set(milliseconds(20));
  timer.Wait();
  CHECK(steady_clock::now() - start >= milliseconds(20));
}

TEST_CASE("Each wakeup wakes once, and a cleared one never", "[wakeup_timer]") {
  const bool has_descriptor = GENERATE(true, false);
  const auto timer = has_descriptor ? std::make_unique<WakeupTimer>()
                                    : MakeWithoutDescriptor();
  timer->Set(milliseconds(0));
  timer->Wait();
  timer->Set(milliseconds(0));
  timer->Clear();
  std::atomic<bool> is_set{false};
  auto waiting = testing::AsyncUntilAsleep([&] {
    timer->Wait();
    return is_set.load();
  });
  is_set = true;
  timer->Set(milliseconds(0));
  CHECK(waiting.get());
}

TEST_CASE("Without a descriptor every wakeup comes at once", "[wakeup_timer]") {
  const auto timer = MakeWithoutDescriptor();
  timer->Set(hours(1));
  timer->Wait();
}

}  // namespace
}  // namespace naming::base
