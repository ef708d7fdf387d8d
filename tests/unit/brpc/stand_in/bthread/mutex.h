// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_MUTEX_H_
#define NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_MUTEX_H_

#include <mutex>

namespace bthread {

class Mutex {
 public:
  using native_handler_type = std::mutex*;

  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  native_handler_type native_handler() { return &mutex_; }
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }
  bool try_lock() { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

}  // namespace bthread

#endif  // NAMING_TESTS_UNIT_BRPC_STAND_IN_BTHREAD_MUTEX_H_
