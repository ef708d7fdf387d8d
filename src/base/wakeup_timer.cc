// SPDX-License-Identifier: Apache-2.0

#include "base/wakeup_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace naming::base {
namespace {

using std::chrono::nanoseconds;

// To timerfd_settime(), zero is to stop.
constexpr nanoseconds kAtOnce{1};

itimerspec In(nanoseconds delay) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
  itimerspec when{};
  when.it_value.tv_sec = static_cast<std::time_t>(seconds.count());
  when.it_value.tv_nsec = static_cast<long>((delay - seconds).count());
  return when;
}

}  // namespace

WakeupTimer::WakeupTimer()
    : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {}

WakeupTimer::~WakeupTimer() {
  if (fd_ != -1) close(fd_);
}

void WakeupTimer::Set(nanoseconds delay) {
  if (fd_ != -1) {
    const itimerspec when = In(std::max(delay, kAtOnce));
    timerfd_settime(fd_, 0, &when, nullptr);
    return;
  }
  MutexLock lock(mutex_);
  is_set_ = true;
  set_changed_.NotifyOne();
}

void WakeupTimer::Clear() {
  if (fd_ != -1) {
    const itimerspec never = In(nanoseconds::zero());
    timerfd_settime(fd_, 0, &never, nullptr);
    return;
  }
  MutexLock lock(mutex_);
  is_set_ = false;
}

void WakeupTimer::Wait() {
  if (fd_ != -1) {
    std::uint64_t times = 0;
    while (read(fd_, &times, sizeof(times)) != sizeof(times)) {
      // A signal came; there is no other way to fail.
    }
    return;
  }
  MutexLock lock(mutex_);
  while (!is_set_) set_changed_.Wait(mutex_);
  is_set_ = false;
}

}  // namespace naming::base
