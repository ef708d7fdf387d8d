// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_LOGGER_H_
#define NAMING_CORE_LOGGER_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/log.h"

namespace naming::core {

// Hands records to a Client's sink, one at a time.
//
// Thread-safe. The sink is called under this object's lock, which is why it
// must not call back (naming/log.h).
class Logger final {
 public:
  explicit Logger(LogSink sink) : sink_(std::move(sink)) {}

  void Info(std::string message) { Log(LogLevel::kInfo, std::move(message)); }
  void Warning(std::string message) {
    Log(LogLevel::kWarning, std::move(message));
  }

 private:
  void Log(LogLevel level, std::string message);

  base::Mutex mutex_;
  const LogSink sink_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_LOGGER_H_
