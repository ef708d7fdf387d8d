// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLI_OUTPUT_H_
#define NAMING_CLI_OUTPUT_H_

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "naming/instance.h"
#include "naming/snapshot.h"

namespace naming::cli {

// What namingctl prints on stdout: tables for people, or a JSON object a line
// for programs. Each call is flushed, and returns false when nobody reads any
// more.
//
// Thread-safe.
class Output final {
 public:
  enum class Format { kTable, kJson };

  // `stream` and `clock` outlive it.
  Output(Format format, std::ostream& stream, const base::Clock& clock);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // `event` is "registered", "lost", "recovered" or "cancelled"; `why` is OK
  // unless something is wrong.
  bool PrintRegistration(std::string_view event, const Instance& instance,
                         const absl::Status& why);
  bool PrintSnapshot(const Snapshot& snapshot);
  bool PrintNodes(const std::vector<std::string>& nodes);

 private:
  bool Write(std::string_view text);

  const Format format_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::ostream& stream_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::cli

#endif  // NAMING_CLI_OUTPUT_H_
