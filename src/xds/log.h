// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_LOG_H_
#define NAMING_XDS_LOG_H_

#include <string>
#include <utility>

#include "base/mutex.h"
#include "naming/log.h"

namespace naming::xds {

// Hands records to a sink, one at a time.
//
// Thread-safe.
class Log final {
 public:
  explicit Log(LogSink sink) : sink_(std::move(sink)) {}

  void Write(LogLevel level, std::string message) {
    if (!sink_) return;
    base::MutexLock lock(mutex_);
    sink_(LogRecord{level, std::move(message)});
  }

 private:
  base::Mutex mutex_;
  const LogSink sink_;
};

}  // namespace naming::xds

#endif  // NAMING_XDS_LOG_H_
