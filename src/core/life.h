// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_LIFE_H_
#define NAMING_CORE_LIFE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/backoff.h"
#include "base/loop.h"
#include "core/keeper.h"
#include "core/logger.h"
#include "core/record.h"
#include "naming/client_event.h"

namespace naming::core {

// The work for one registration: decides when its Lease puts, refreshes and
// removes, and reports to its Record.
//
// Lives on the loop: every call is one of its tasks, the constructor and the
// destructor apart. Held by shared_ptr.
class Life final : public std::enable_shared_from_this<Life> {
 public:
  // What the Lives of a Keeper share. Outlives them, until they have ended.
  struct Setting {
    base::Loop* loop;
    Logger* logger;
    LeaseFactory factory;
    KeeperOptions options;
    std::minstd_rand random;
    std::function<void(const Life&)> on_end;
  };

  Life(Setting* setting, std::shared_ptr<Record> record, std::uint64_t seed);
  ~Life();

  // May be called on any thread.
  Record& record() const { return *record_; }

  // Puts the Instance for the first time.
  void Begin();

  // The desired Instance has changed: puts it.
  void Update();

  void RefreshNow();

  // Ends the registration within cancel_timeout; never puts again. What is
  // under way, and was sent, gets half of that time to end, so that the
  // registry can't execute it after the removal.
  void Cancel();

  // Ends it at once: what is under way is dropped.
  void Drop();

  // Returns whether Cancel() has had its time.
  bool is_out_of_time() const { return is_out_of_time_; }

 private:
  enum class Operation { kNone, kPut, kRefresh, kRemove };

  base::Loop::TimerId After(std::chrono::milliseconds delay,
                            void (Life::*task)());
  void ContinueIn(std::chrono::milliseconds delay);
  void ContinueAt(base::Clock::TimePoint when);
  base::Clock::TimePoint InSlot(base::Clock::TimePoint at) const;
  void CancelTimers();

  void Continue();
  bool IsToRefresh() const;
  void Put();
  void OnPut(const absl::Status& marked);
  void OnRefused(const absl::Status& status);
  void RetryPut(const absl::Status& failure);
  void Refresh();
  void OnRefreshed(const absl::Status& marked);
  void OnSuccess(double jitter);
  void OnVanished(const absl::Status& status);
  void OnLeaseOver();

  void Leave();
  void Remove();
  void OnRemoved(absl::Status status);
  void OnGraceOver();
  void DropUnderWay();
  void OnCancelTimeout();
  absl::Status CancelError() const;
  void End(absl::Status status);
  void Finish();

  void LogFailure(const absl::Status& status, bool is_change);
  void Tell(ClientEvent::Kind kind, std::string message);
  std::string Message(std::string_view verb, std::string_view cause) const;

  Setting& setting_;
  const std::shared_ptr<Record> record_;
  const std::string app_id_;
  base::Backoff backoff_;
  std::unique_ptr<Lease> lease_;  // Null before Begin() and after the end.

  Operation under_way_ = Operation::kNone;
  Operation last_ = Operation::kNone;
  Record::Desired put_;  // What the last Put() was called with.
  bool is_registered_ = false;
  bool was_registered_ = false;     // At any time.
  bool is_troubled_ = false;        // A failure was logged, its end wasn't.
  bool is_refresh_wanted_ = false;  // RefreshNow() came during an operation.
  int vanished_ = 0;                // kNotFound answers in a row.
  base::Clock::TimePoint next_refresh_;

  // Whether the registry may hold it because of us, and what that was before
  // the Put() under way.
  bool may_be_held_ = false;
  bool was_maybe_held_ = false;

  bool is_leaving_ = false;
  bool is_out_of_time_ = false;
  bool has_ended_ = false;
  absl::Status remove_error_;  // Of the last Remove().
  absl::Status end_;           // How it ended.

  base::Loop::TimerId continue_timer_ = 0;
  base::Loop::TimerId lease_timer_ = 0;
  base::Loop::TimerId grace_timer_ = 0;
  base::Loop::TimerId cancel_timer_ = 0;
};

}  // namespace naming::core

#endif  // NAMING_CORE_LIFE_H_
