// SPDX-License-Identifier: Apache-2.0

#include "naming/ejection.h"

#include <limits>
#include <string>

#include "tests/support/catch.h"

namespace naming {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST_CASE("Ejection options outside their ranges are named", "[ejection]") {
  EjectionOptions options;
  CHECK(Validate(options).ok());
  std::string message;
  SECTION("consecutive_failures") {
    options.consecutive_failures = GENERATE(-1, 1001);
    message = "ejection.consecutive_failures: must be in [0, 1000]";
  }
  SECTION("success_rate") {
    options.success_rate =
        GENERATE(-0.1, 1.1, std::numeric_limits<double>::quiet_NaN());
    message = "ejection.success_rate: must be in [0, 1]";
  }
  SECTION("min_calls") {
    options.min_calls = GENERATE(0, 1'000'001);
    message = "ejection.min_calls: must be in [1, 1000000]";
  }
  SECTION("interval") {
    options.interval = GENERATE(milliseconds(99), milliseconds(hours(2)));
    message = "ejection.interval: must be in [100ms, 1h]";
  }
  SECTION("max_time") {
    options.max_time = GENERATE(milliseconds(0), milliseconds(hours(25)));
    message = "ejection.max_time: must be in [1ms, 24h]";
  }
  SECTION("base_time") {
    options.base_time = GENERATE(milliseconds(0), milliseconds(hours(1)));
    message = "ejection.base_time: must be in [1ms, max_time]";
  }
  SECTION("max_share") {
    options.max_share = GENERATE(-0.1, 1.5);
    message = "ejection.max_share: must be in [0, 1]";
  }
  SECTION("slow_start") {
    options.slow_start = GENERATE(milliseconds(-1), milliseconds(hours(2)));
    message = "ejection.slow_start: must be in [0ms, 1h]";
  }
  CHECK(options != EjectionOptions());
  CHECK(Validate(options) == absl::InvalidArgumentError(message));
}

TEST_CASE("Ejection events have names and compare by fields", "[ejection]") {
  CHECK(ToString(EjectionEvent::Kind::kEjected) == "ejected");
  CHECK(ToString(EjectionEvent::Kind::kReturned) == "returned");
  CHECK(ToString(EjectionEvent::Kind::kPanicBegan) == "panic began");
  CHECK(ToString(EjectionEvent::Kind::kPanicEnded) == "panic ended");
  CHECK(ToString(static_cast<EjectionEvent::Kind>(7)) == "unknown");
  EjectionEvent event;
  CHECK(event == EjectionEvent());
  event.cause = "x";
  CHECK(event != EjectionEvent());
}

}  // namespace
}  // namespace naming
