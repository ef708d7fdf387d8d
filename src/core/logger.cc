// SPDX-License-Identifier: Apache-2.0

#include "core/logger.h"

#include <utility>

namespace naming::core {

void Logger::Log(LogLevel level, std::string message) {
  if (!sink_) return;
  LogRecord record;
  record.level = level;
  record.message = std::move(message);
  base::MutexLock lock(mutex_);
  sink_(record);
}

}  // namespace naming::core
