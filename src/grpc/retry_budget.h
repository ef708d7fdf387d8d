// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_RETRY_BUDGET_H_
#define NAMING_GRPC_RETRY_BUDGET_H_

#include <algorithm>
#include <atomic>

namespace naming::rpc {

// How many retries a channel may still make: gRPC's bucket of tokens. When most
// calls fail, retries would only add to what is too much already.
//
// Thread-safe.
class RetryBudget final {
 public:
  static constexpr int kFull = 1000;

  void OnSuccess() { Add(1); }

  // Takes what a retry costs; returns false when there are too few left.
  bool TakeRetry() {
    if (tokens_.load(std::memory_order_relaxed) <= kFull / 2) return false;
    Add(-kCost);
    return true;
  }

 private:
  static constexpr int kCost = 10;

  void Add(int tokens) {
    int before = tokens_.load(std::memory_order_relaxed);
    if (tokens > 0 && before == kFull) return;
    while (!tokens_.compare_exchange_weak(before,
                                          std::clamp(before + tokens, 0, kFull),
                                          std::memory_order_relaxed)) {
    }
  }

  std::atomic<int> tokens_{kFull};
};

}  // namespace naming::rpc

#endif  // NAMING_GRPC_RETRY_BUDGET_H_
