// SPDX-License-Identifier: Apache-2.0

#include "cli/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace naming::cli {
namespace {

sigset_t MakeSet() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  return signals;
}

}  // namespace

void StopSignals::Block() {
  const sigset_t signals = MakeSet();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void StopSignals::Unblock() {
  const sigset_t signals = MakeSet();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

StopSignals::StopSignals() : signals_(MakeSet()) { Block(); }

bool StopSignals::Wait(std::optional<std::chrono::milliseconds> timeout) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  while (!has_come_) {
    int signal = -1;
    if (timeout.has_value()) {
      const auto left = std::max<std::chrono::nanoseconds>(
          *timeout - (Clock::now() - start), std::chrono::nanoseconds(0));
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(left);
      timespec limit;
      limit.tv_sec = seconds.count();
      limit.tv_nsec = (left - seconds).count();
      signal = sigtimedwait(&signals_, nullptr, &limit);
    } else {
      signal = sigwaitinfo(&signals_, nullptr);
    }
    has_come_ = signal > 0;
    if (!has_come_ && errno == EAGAIN) return false;
  }
  return true;
}

void StopSignals::Request() { kill(getpid(), SIGTERM); }

}  // namespace naming::cli
