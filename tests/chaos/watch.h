// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_CHAOS_WATCH_H_
#define NAMING_TESTS_CHAOS_WATCH_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/builder.h"
#include "naming/resolver.h"

namespace naming::chaos {

using Clock = std::chrono::steady_clock;

// The Instances of one application: version by hostname.
using Members = std::map<std::string, std::string>;

std::string DescribeMembers(const Members& members);

// What is registered and means to stay so, by application.
//
// Thread-safe.
class Truth final {
 public:
  void Set(const std::string& app_id, const std::string& hostname,
           const std::string& version);
  void Erase(const std::string& app_id, const std::string& hostname);
  Members Of(const std::string& app_id) const;

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, Members> members_ ABSL_GUARDED_BY(mutex_);
};

// What went against a promise, each in a line.
//
// Thread-safe.
class Violations final {
 public:
  void Add(std::string what);
  std::vector<std::string> All() const;

 private:
  mutable base::Mutex mutex_;
  std::vector<std::string> all_ ABSL_GUARDED_BY(mutex_);
};

// A watcher of one application that notes what it is told, and which promises
// that breaks.
//
// Thread-safe.
class Watch final {
 public:
  // All of them outlive it.
  Watch(Builder& builder, std::string app_id, const Truth& truth,
        Violations& violations);

  const std::string& app_id() const { return app_id_; }
  Members seen() const;

  // Notes Instances that live and have been missing for longer than `bound`.
  void CheckMissing(Clock::duration bound);

  // Returns the longest time for which an Instance that lived was missing after
  // it had been there.
  Clock::duration longest_missing() const;

 private:
  void Take(const Snapshot& snapshot);

  const std::string app_id_;
  const Truth& truth_;
  Violations& violations_;

  mutable base::Mutex mutex_;  // Truth's and Violations' come after it.
  Members seen_ ABSL_GUARDED_BY(mutex_);
  std::int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Clock::time_point> missing_ ABSL_GUARDED_BY(mutex_);
  Clock::duration longest_missing_ ABSL_GUARDED_BY(mutex_){};

  std::unique_ptr<Resolver> resolver_;
  Watcher watcher_;
};

}  // namespace naming::chaos

#endif  // NAMING_TESTS_CHAOS_WATCH_H_
