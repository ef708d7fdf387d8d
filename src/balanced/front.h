// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCED_FRONT_H_
#define NAMING_BALANCED_FRONT_H_

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "balanced/alarm.h"
#include "balanced/ejector.h"
#include "balanced/offers.h"
#include "balanced/policies.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "naming/balanced.h"
#include "naming/balancer.h"
#include "naming/resolver.h"
#include "naming/snapshot.h"
#include "naming/watcher.h"

namespace naming::balanced {

// What a Balanced is made of.
//
// What outcomes give to decide is decided by the next call of Choose(): there
// no lock of the Balancer is held, and calls to an Endpoint that has just been
// found dead don't wait for another thread to get its turn. Events are told on
// the client's callback thread, without asking more of a Resolver than its
// interface: a new Watcher is told of the present Snapshot, on that thread. So
// an event subscribes one ("arms"), and is told when that is called.
//
// Thread-safe. Held by shared_ptr: by its Balanced and, until Close(), by what
// its Watchers call.
class Front final : public std::enable_shared_from_this<Front> {
 public:
  struct Setting {
    std::string app_id;
    Policies policies;
    EjectionOptions ejection;
    std::function<void(const EjectionEvent&)> on_event;
    const base::Clock* clock = &base::Clock::Real();
  };

  Front(Setting setting, std::unique_ptr<Resolver> resolver,
        std::unique_ptr<Balancer> balancer);

  // Follows the Resolver. To be called once, first of all.
  void Begin();

  // As ~Balanced says.
  void Close();

  absl::StatusOr<Pick> Choose(const PickOptions* options);
  PickRef Peek(const PickOptions* options);
  absl::Status WaitReady(std::chrono::milliseconds timeout);
  std::vector<Endpoint> endpoints() const;
  BalancedStats stats() const;

 private:
  // Of the Watcher that brings events to the client's thread.
  enum class Arm { kIdle, kArming, kArmed };

  void OnSnapshot(const std::shared_ptr<const Snapshot>& snapshot);
  absl::StatusOr<Pick> ChooseNow(const PickOptions* options);
  void DecideByTheWay();
  void Work();
  void Keep(std::vector<EjectionEvent> events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Count(const std::vector<EjectionEvent>& events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellOnClientsThread();
  void ArmTelling();
  void OnArmed();
  bool BeginTelling() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell();
  void TellIfNobodyDoes();
  std::optional<EjectionEvent> NextEvent();
  bool IsBusyElsewhere() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsNewer(const Snapshot& snapshot) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Unavailable(const absl::Status& status) const;
  absl::Status TimeoutError(std::chrono::milliseconds timeout);

  const Setting setting_;
  std::unique_ptr<Resolver> resolver_;  // Reset by Close().
  const std::unique_ptr<Balancer> balancer_;
  std::shared_ptr<Alarm> alarm_;  // Set by Begin(); null: nothing to decide.
  Offers offers_;                 // Published by who works.

  // Each is touched by one at a time: Begin(), who set kArming, Close().
  Watcher watcher_;
  Watcher armed_watcher_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::unique_ptr<Ejector> ejector_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Snapshot> snapshot_ ABSL_GUARDED_BY(mutex_);
  BalancedStats stats_ ABSL_GUARDED_BY(mutex_);
  bool is_ready_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;

  int waiting_lists_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_working_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread::id worker_ ABSL_GUARDED_BY(mutex_);
  std::deque<EjectionEvent> untold_ ABSL_GUARDED_BY(mutex_);
  bool is_telling_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread::id teller_ ABSL_GUARDED_BY(mutex_);
  Arm arm_ ABSL_GUARDED_BY(mutex_) = Arm::kIdle;
  bool has_come_ ABSL_GUARDED_BY(mutex_) = false;  // While still kArming.
  bool ends_in_arming_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread::id armer_ ABSL_GUARDED_BY(mutex_);
  base::Clock::TimePoint armed_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::balanced

#endif  // NAMING_BALANCED_FRONT_H_
