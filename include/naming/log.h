// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_LOG_H_
#define NAMING_LOG_H_

#include <functional>
#include <string>
#include <string_view>

#include "naming/export.h"

namespace naming {

enum class LogLevel {
  kInfo,     // A change of state that is as it should be.
  kWarning,  // Something failed; the library deals with it.
  kError,    // Something failed that needs a person.
};

// Returns "info", "warning" or "error".
NAMING_EXPORT std::string_view ToString(LogLevel level);

// One line of the log.
//
// Thread-compatible. A value.
struct NAMING_EXPORT LogRecord {
  LogLevel level = LogLevel::kInfo;
  std::string message;  // "backend: verb object: cause", one line, no secrets.
};

NAMING_EXPORT bool operator==(const LogRecord& a, const LogRecord& b);
NAMING_EXPORT bool operator!=(const LogRecord& a, const LogRecord& b);

// Takes log records; empty means silence. Called from any thread of the
// library, one call at a time per Client. Must not throw, block or call the
// library.
using LogSink = std::function<void(const LogRecord&)>;

}  // namespace naming

#endif  // NAMING_LOG_H_
