// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_TOPIC_H_
#define NAMING_CORE_TOPIC_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/callback.h"
#include "core/current.h"
#include "core/dispatcher.h"
#include "core/list.h"
#include "core/monitor.h"
#include "core/shrink_guard.h"
#include "naming/shrink_policy.h"
#include "naming/snapshot.h"
#include "naming/watcher.h"

namespace naming::core {

class SnapshotSaver;

// What the Topics of a Client share.
struct TopicSetting {
  std::string backend;  // Begins messages: "discovery".
  std::shared_ptr<Dispatcher> dispatcher;
  const base::Clock* clock = &base::Clock::Real();
  ShrinkPolicy shrink;

  // A list is emptied by two answers in a row, so far apart at least. Zero: one
  // live answer is enough, as of a store that can't be wrong.
  std::chrono::milliseconds confirm_after{0};

  std::shared_ptr<Monitor> monitor = std::make_shared<Monitor>();
  std::shared_ptr<SnapshotSaver> saver;  // Null: lists aren't kept in files.
};

// The current Snapshot of one application, and who follows it. A backend feeds
// it lists and errors; it alone decides whether a list becomes the Snapshot.
//
// A list becomes the Snapshot when it differs in content from the present one,
// or is the first; what it lacks may be held back, see ShrinkPolicy, and that
// nothing is left must be said twice, see TopicSetting::confirm_after.
// Instances that did not change keep their objects. Errors never change the
// Snapshot.
//
// Thread-safe; the feeding calls come from one thread at a time. Held by
// shared_ptr: by Topics, Resolvers, Watchers and the backend's workers.
class Topic final : public std::enable_shared_from_this<Topic> {
 public:
  // Revisions go on after `revision`.
  Topic(std::shared_ptr<const TopicSetting> setting, std::string app_id,
        std::int64_t revision = 0);
  ~Topic();

  const std::string& app_id() const { return app_id_; }

  // --- For backends ---

  // Returns the present Snapshot; null before the first list.
  std::shared_ptr<const Snapshot> snapshot() const;

  // Takes a list that a registry answered. Returns in how long the registry is
  // to be asked again, by a request that it answers at once, because the list
  // is empty and nobody has confirmed it; nullopt: there is no hurry.
  std::optional<base::Clock::Duration> Publish(List list);

  // Notes that a registry answered that it knows no such application: an empty
  // list, for a Snapshot that there is. `is_live` as in List; returns what
  // Publish() does. `not_found` and
  // `error` have complete messages, such as "discovery: poll main.account:
  // http://…: code -404".
  std::optional<base::Clock::Duration> ReportMissing(absl::Status not_found,
                                                     bool is_live);

  // Notes that no answer could be had. The Snapshot, if there is one, stays.
  void ReportError(absl::Status error);

  // --- For SnapshotSaver, on any thread ---

  // Offers a list of an earlier time. Unless an answer was quicker, it is what
  // the first one is compared with, and becomes the Snapshot when a request
  // fails before there is one.
  void Restore(Snapshot saved);

  // Makes what was offered the Snapshot, unless there is one.
  void ServeSaved();

  // --- For Resolvers ---

  // As Resolver::Fetch(). Returns kCancelled when `*cancelled` becomes true;
  // who sets it calls Interrupt() afterwards.
  absl::StatusOr<std::shared_ptr<const Snapshot>> Fetch(
      std::chrono::milliseconds timeout, const std::atomic<bool>* cancelled);

  // As Resolver::Watch(). The Watcher keeps the Topic alive. Once closed, it
  // follows nothing.
  Watcher Watch(std::function<void(std::shared_ptr<const Snapshot>)> on_change);

  // Lets waiting Fetch() calls look at their `cancelled` again.
  void Interrupt();

  // The Client is going away: ends waiting Fetch() calls for good. From now on
  // the Snapshot stays as it is, and a Fetch() without one returns kCancelled
  // at once.
  void Close();

  // Returns the revision of the last Snapshot.
  std::int64_t revision() const;

 private:
  std::shared_ptr<const Snapshot> Previous() const;
  // What is left to do, without the lock, when the Snapshot was replaced.
  struct Replaced {
    std::vector<std::shared_ptr<Callback>> subscriptions;
    std::shared_ptr<const void> old;
  };
  Replaced Replace(std::shared_ptr<Snapshot> next)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Finish(Replaced replaced);
  void Save(std::shared_ptr<const Snapshot> snapshot);
  std::optional<base::Clock::Duration> Apply(
      List list, const std::shared_ptr<const Snapshot>& previous);
  void HoldBack(const Snapshot& previous, bool is_live, Snapshot& next);
  std::optional<base::Clock::Duration> AskAgainIn() const;
  void Report(absl::Status error, bool is_missing);
  void WarnOfShrink(std::size_t present);
  void WarnOfEmpty(std::size_t present);
  void Warn(std::string message);
  absl::Status TimeoutError(std::chrono::milliseconds timeout) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unsubscribe(const std::shared_ptr<Callback>& subscription);

  const std::shared_ptr<const TopicSetting> setting_;
  const std::string app_id_;

  // Used by the feeding calls alone.
  ShrinkGuard guard_;
  std::int64_t saved_revision_ = 0;
  base::Clock::TimePoint save_again_at_{};

  Current current_;  // The same as `snapshot_`; set under `mutex_`.

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::shared_ptr<const Snapshot> snapshot_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Snapshot> saved_ ABSL_GUARDED_BY(mutex_);  // Offered.
  std::int64_t revision_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
  bool is_missing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Callback>> subscriptions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::core

#endif  // NAMING_CORE_TOPIC_H_
