// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_CONDITION_VARIABLE_H_
#define NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_CONDITION_VARIABLE_H_

#include <bthread/mutex.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace bthread {

class ConditionVariable {
 public:
  ConditionVariable() = default;
  ConditionVariable(const ConditionVariable&) = delete;
  ConditionVariable& operator=(const ConditionVariable&) = delete;

  int wait_for(std::unique_lock<Mutex>& lock, long timeout_us) {
    const auto result =
        changed_.wait_for(lock, std::chrono::microseconds(timeout_us));
    return result == std::cv_status::timeout ? ETIMEDOUT : 0;
  }
  void notify_one() { changed_.notify_one(); }

 private:
  std::condition_variable_any changed_;
};

}  // namespace bthread

#endif  // NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_CONDITION_VARIABLE_H_
