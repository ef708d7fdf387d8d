// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_GRPC_LOAD_H_
#define NAMING_TESTS_GRPC_LOAD_H_

#include <grpcpp/support/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "tests/support/eventually.h"

namespace naming::testing {

// Threads that call as fast as they can, and what came of it.
//
// For one thread.
class Load final {
 public:
  // `call` is given the number of the call.
  explicit Load(std::function<grpc::Status(std::uint64_t)> call,
                int threads = 4)
      : call_(std::move(call)) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { Run(); });
    }
  }
  ~Load() { Stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Waits for so many further calls; returns whether they came.
  bool Await(std::uint64_t calls) {
    const std::uint64_t before = calls_;
    return Eventually([&] { return calls_ >= before + calls; });
  }

  void Stop() {
    stops_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::uint64_t calls() const { return calls_; }

  // Returns how often which failure came: "code: message".
  std::map<std::string, int> failures() const {
    base::MutexLock lock(mutex_);
    return failures_;
  }

  // The same as text; empty: none came.
  std::string FailuresText() const {
    std::string text;
    for (const auto& [failure, count] : failures()) {
      text += std::to_string(count) + " times " + failure + "\n";
    }
    return text;
  }

 private:
  void Run() {
    while (!stops_) {
      const grpc::Status status = call_(++begun_);
      ++calls_;
      if (status.ok()) continue;
      base::MutexLock lock(mutex_);
      ++failures_[std::to_string(status.error_code()) + ": " +
                  status.error_message()];
    }
  }

  const std::function<grpc::Status(std::uint64_t)> call_;
  std::atomic<bool> stops_{false};
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> calls_{0};
  mutable base::Mutex mutex_;
  std::map<std::string, int> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_GRPC_LOAD_H_
