// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_HTTP_RETRY_BUDGET_H_
#define NAMING_HTTP_RETRY_BUDGET_H_

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace naming::http {

// Bounds repetitions: a share of the requests, and a burst on top.
//
// Thread-safe.
class RetryBudget final {
 public:
  RetryBudget(double share, int burst)
      : share_(share), most_(burst), tokens_(burst) {}

  // A request begins.
  void Deposit() {
    base::MutexLock lock(mutex_);
    tokens_ = std::min(tokens_ + share_, most_);
  }

  // Returns whether a repetition may be made.
  bool HasToken() const {
    base::MutexLock lock(mutex_);
    return tokens_ >= kToken;
  }

  // The same, and takes what it costs.
  bool Take() {
    base::MutexLock lock(mutex_);
    if (tokens_ < kToken) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  // Ten tenths add up to a little less than one.
  static constexpr double kToken = 1 - 1e-6;

  const double share_;
  const double most_;
  mutable base::Mutex mutex_;
  double tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::http

#endif  // NAMING_HTTP_RETRY_BUDGET_H_
