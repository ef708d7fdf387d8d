// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLI_REPORT_H_
#define NAMING_CLI_REPORT_H_

#include <functional>
#include <optional>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "cli/output.h"
#include "naming/instance.h"
#include "naming/registry.h"

namespace naming::cli {

// Turns the states of one registration into what `register` prints: registered,
// lost, recovered, cancelled.
//
// Thread-safe.
class Report final {
 public:
  // `output` outlives it; `on_broken` is called when nobody reads any more.
  Report(Output& output, std::function<void()> on_broken);
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  // Notes a state, which may be known before Begin() says whose it is.
  void OnChange(const RegistrationState& state);

  // Prints what is known so far of `instance`.
  void Begin(Instance instance);

  // Prints nothing from here on: what changes now is our own doing.
  void End();

  void Cancelled();

 private:
  void PrintChange(const absl::Status& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Print(std::string_view event, const absl::Status& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Output& output_;
  const std::function<void()> on_broken_;
  base::Mutex mutex_;
  std::optional<Instance> instance_ ABSL_GUARDED_BY(mutex_);
  bool is_registered_ ABSL_GUARDED_BY(mutex_) = false;
  bool was_registered_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace naming::cli

#endif  // NAMING_CLI_REPORT_H_
