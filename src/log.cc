// SPDX-License-Identifier: Apache-2.0

#include "naming/log.h"

namespace naming {

std::string_view ToString(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

bool operator==(const LogRecord& a, const LogRecord& b) {
  return a.level == b.level && a.message == b.message;
}

bool operator!=(const LogRecord& a, const LogRecord& b) { return !(a == b); }

}  // namespace naming
