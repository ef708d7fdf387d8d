// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_ANSWER_H_
#define NAMING_CORE_ANSWER_H_

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"

namespace naming::core {

// A Status that threads wait for and others give: the first one counts.
//
// Thread-safe.
class Answer final {
 public:
  void Give(absl::Status status) {
    base::MutexLock lock(mutex_);
    if (given_) return;
    given_ = std::move(status);
    changed_.NotifyAll();
  }

  bool is_given() const {
    base::MutexLock lock(mutex_);
    return given_.has_value();
  }

  // Waits for the Status, and returns it.
  absl::Status Get() {
    base::MutexLock lock(mutex_);
    while (!given_) changed_.Wait(mutex_);
    return *given_;
  }

 private:
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::optional<absl::Status> given_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::core

#endif  // NAMING_CORE_ANSWER_H_
