// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLI_STOP_SIGNALS_H_
#define NAMING_CLI_STOP_SIGNALS_H_

#include <chrono>
#include <csignal>
#include <optional>

namespace naming::cli {

// SIGINT, SIGTERM and SIGHUP, taken as a wish to end in good order.
//
// Blocks them for good: make one before any thread is started, so that none of
// them receives what Wait() waits for. Wait() is for one thread, Request() for
// any.
class StopSignals final {
 public:
  // Has them wait for an object that isn't there yet, instead of being lost
  // where a shell made its background programs ignore them.
  static void Block();

  // Has them end the program after all, where nothing is to be put in order.
  static void Unblock();

  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Waits for one of them, up to `timeout`; no `timeout`: as long as it takes.
  // Returns whether one has come, now or before.
  bool Wait(std::optional<std::chrono::milliseconds> timeout);

  // Makes Wait() return true.
  void Request();

 private:
  sigset_t signals_;
  bool has_come_ = false;
};

}  // namespace naming::cli

#endif  // NAMING_CLI_STOP_SIGNALS_H_
