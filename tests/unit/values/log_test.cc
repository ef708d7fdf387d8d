// SPDX-License-Identifier: Apache-2.0

#include "naming/log.h"

#include "tests/support/catch.h"

namespace naming {
namespace {

TEST_CASE("A log level has a name", "[log]") {
  CHECK(ToString(LogLevel::kInfo) == "info");
  CHECK(ToString(LogLevel::kWarning) == "warning");
  CHECK(ToString(LogLevel::kError) == "error");
  CHECK(ToString(static_cast<LogLevel>(7)) == "unknown");
}

TEST_CASE("Log records are compared by level and message", "[log]") {
  const LogRecord record{LogLevel::kWarning, "x"};
  CHECK(record == LogRecord{LogLevel::kWarning, "x"});
  CHECK(record != LogRecord{LogLevel::kError, "x"});
  CHECK(record != LogRecord{LogLevel::kWarning, "y"});
}

}  // namespace
}  // namespace naming
