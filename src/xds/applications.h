// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_APPLICATIONS_H_
#define NAMING_XDS_APPLICATIONS_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "naming/builder.h"
#include "naming/endpoint.h"
#include "naming/resolver.h"
#include "naming/snapshot.h"
#include "naming/watcher.h"
#include "xds/log.h"

namespace naming::xds {

// The applications that somebody subscribes to, and their Endpoints.
//
// A registry that doesn't know an application says so to Fetch() alone: as long
// as an application has no list it is asked for now and then, by a thread of
// this object. When that has been said for a second the list is empty.
//
// An application that has Endpoints is followed for a while after its last
// Unfollow(): clients whose streams begin anew find the list that they had,
// whatever a registry says that begins anew, too.
//
// Thread-safe.
class Applications final {
 public:
  using Endpoints = std::shared_ptr<const std::vector<Endpoint>>;

  // `builder` and `log` outlive it. `on_change` is called with the name of an
  // application whose Endpoints have changed, on a thread of the client's or of
  // this object, with no lock held. At most `max_kept` lists are kept, each for
  // `kept_for`, for those who come back.
  Applications(Builder& builder, std::string addr_scheme, Log& log,
               std::function<void(const std::string&)> on_change,
               std::chrono::milliseconds kept_for = std::chrono::minutes(1),
               std::size_t max_kept = 1000);
  ~Applications();
  Applications(const Applications&) = delete;
  Applications& operator=(const Applications&) = delete;

  // Each Follow() needs an Unfollow(). Not from within `on_change`, and without
  // a lock that it takes: the last Unfollow() waits for a call that is running.
  void Follow(const std::string& name);
  void Unfollow(const std::string& name);

  // Returns null while nothing is known.
  Endpoints Find(const std::string& name) const;

  // Returns how many somebody follows.
  std::size_t size() const;

  // Returns how many of their Endpoints aren't at an IP address.
  std::size_t skipped() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Application {
    std::size_t followers = 0;
    Time kept_until;                     // If nobody follows it.
    std::unique_ptr<Resolver> resolver;  // Null: it can't be followed.
    Watcher watcher;                     // Ends before the resolver.
    bool is_watched = false;             // The two above are set.
    Endpoints endpoints;                 // Null: nothing is known.
    std::size_t skipped = 0;
    // When the registry began to say that it doesn't know it. Of the thread
    // that asks.
    std::optional<Time> unknown_since;
  };

  using Named =
      std::vector<std::pair<std::string, std::shared_ptr<Application>>>;

  // What to do where there are Endpoints already.
  enum class IfKnown { kReplace, kLeave };

  void Watch(const std::string& name,
             const std::shared_ptr<Application>& application);
  // Waits for the callback of its Watcher; without the lock, which that takes.
  static void End(Application& application);
  void Take(const std::string& name,
            const std::weak_ptr<Application>& application,
            const Snapshot& snapshot);
  void Publish(const std::string& name,
               const std::shared_ptr<Application>& application,
               std::vector<Endpoint> endpoints, IfKnown if_known);
  // Returns whether it is kept.
  bool Keep(const std::string& name, Application& application)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::shared_ptr<Application>> TakeExpired()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Named Unknown() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Work();
  void Ask(const std::string& name,
           const std::shared_ptr<Application>& application);

  Builder& builder_;
  const std::string addr_scheme_;
  Log& log_;
  const std::function<void(const std::string&)> on_change_;
  const std::chrono::milliseconds kept_for_;
  const std::size_t max_kept_;

  mutable base::Mutex mutex_;
  std::map<std::string, std::shared_ptr<Application>> by_name_
      ABSL_GUARDED_BY(mutex_);
  // Of these, those that nobody follows, by when they end.
  std::set<std::pair<Time, std::string>> kept_ ABSL_GUARDED_BY(mutex_);
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  base::CondVar is_wanted_;  // The thread has something to do.
  std::thread working_;
};

}  // namespace naming::xds

#endif  // NAMING_XDS_APPLICATIONS_H_
