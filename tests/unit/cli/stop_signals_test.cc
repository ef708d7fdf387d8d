// SPDX-License-Identifier: Apache-2.0

#include "cli/stop_signals.h"

#include <csignal>

#include "tests/support/catch.h"

namespace naming::cli {
namespace {

TEST_CASE("A signal that comes before anybody waits for it isn't lost",
          "[cli]") {
  // As in a program that a shell started in the background.
  const auto before = std::signal(SIGINT, SIG_IGN);
  StopSignals::Block();
  std::raise(SIGINT);
  {
    StopSignals stop;
    CHECK(stop.Wait(std::chrono::milliseconds(0)));
  }
  StopSignals::Unblock();
  std::signal(SIGINT, before);
}

}  // namespace
}  // namespace naming::cli
