// SPDX-License-Identifier: Apache-2.0

#include "core/topic.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/reclaim.h"
#include "core/snapshot_saver.h"
#include "core/timeout.h"
#include "core/zones.h"

namespace naming::core {
namespace {

// A file tells how old its list is: one that doesn't change is written again.
constexpr std::chrono::minutes kSaveAgain{15};

}  // namespace

Topic::Topic(std::shared_ptr<const TopicSetting> setting, std::string app_id,
             std::int64_t revision)
    : setting_(std::move(setting)),
      app_id_(std::move(app_id)),
      guard_(setting_->shrink, setting_->confirm_after),
      revision_(revision) {}

Topic::~Topic() = default;

std::optional<base::Clock::Duration> Topic::Publish(List list) {
  base::Reclaim();  // What was still in use when it was replaced.
  Report(absl::OkStatus(), false);
  return Apply(std::move(list), Previous());
}

std::optional<base::Clock::Duration> Topic::ReportMissing(
    absl::Status not_found, bool is_live) {
  Report(std::move(not_found), true);
  ServeSaved();
  const std::shared_ptr<const Snapshot> previous = snapshot();
  if (previous == nullptr) return std::nullopt;
  List nothing;
  nothing.is_live = is_live;
  return Apply(std::move(nothing), previous);
}

// The feeding calls come one at a time, so the Snapshot that the new one is
// made from is still the present one when it is replaced.
std::optional<base::Clock::Duration> Topic::Apply(
    List list, const std::shared_ptr<const Snapshot>& previous) {
  if (previous != nullptr && !previous->stale_since && guard_.suspects() == 0 &&
      !guard_.confirm_at() && IsRepetition(list, *previous)) {
    Save(previous);
    return std::nullopt;
  }
  const bool is_empty = list.instances.empty() && list.objects.empty();
  auto next = std::make_shared<Snapshot>();
  next->app_id = app_id_;
  next->schedule = std::move(list.schedule);
  const bool is_live = list.is_live;
  next->zones = MakeZones(std::move(list), previous.get());
  if (previous != nullptr) {
    HoldBack(*previous, is_live, *next);
    // An empty answer makes nothing fresh that is held back, and says nothing
    // about it.
    if (is_empty && !next->zones.empty()) {
      next->schedule = previous->schedule;
      next->stale_since = previous->stale_since;
    }
  }
  // Unchanged Instances are the same objects: comparing pointers is enough.
  const bool is_new = previous == nullptr || next->zones != previous->zones ||
                      next->schedule != previous->schedule ||
                      next->stale_since != previous->stale_since;

  Replaced replaced;
  {
    base::MutexLock lock(mutex_);
    if (is_closed_) return std::nullopt;
    if (is_new || snapshot_ == nullptr) replaced = Replace(next);
  }
  Save(is_new ? std::move(next) : previous);
  Finish(std::move(replaced));
  return AskAgainIn();
}

void Topic::HoldBack(const Snapshot& previous, bool is_live, Snapshot& next) {
  const bool was_holding = guard_.suspects() > 0;
  const bool was_in_doubt = guard_.confirm_at().has_value();
  guard_.HoldBack(previous.zones, is_live, setting_->clock->Now(), next.zones);
  if (!was_holding && guard_.suspects() > 0) WarnOfShrink(previous.size());
  if (!was_in_doubt && guard_.confirm_at()) WarnOfEmpty(previous.size());
}

std::optional<base::Clock::Duration> Topic::AskAgainIn() const {
  const auto at = guard_.confirm_at();
  if (!at) return std::nullopt;
  return std::max(*at - setting_->clock->Now(), base::Clock::Duration::zero());
}

// Returns who is to be told of `next`.
Topic::Replaced Topic::Replace(std::shared_ptr<Snapshot> next) {
  next->revision = ++revision_;
  snapshot_ = std::move(next);
  saved_ = nullptr;
  changed_.NotifyAll();
  setting_->monitor->counters().snapshots.Add();
  return Replaced{subscriptions_, current_.Set(snapshot_)};
}

void Topic::Finish(Replaced replaced) {
  for (const auto& subscription : replaced.subscriptions) {
    subscription->Schedule();
  }
  if (replaced.old != nullptr) base::Retire(std::move(replaced.old));
}

void Topic::Save(std::shared_ptr<const Snapshot> snapshot) {
  if (setting_->saver == nullptr || snapshot->stale_since) return;
  const auto now = setting_->clock->Now();
  if (snapshot->revision == saved_revision_ && now < save_again_at_) return;
  saved_revision_ = snapshot->revision;
  save_again_at_ = now + kSaveAgain;
  setting_->saver->Save(std::move(snapshot));
}

void Topic::Restore(Snapshot saved) {
  {
    base::MutexLock lock(mutex_);
    if (is_closed_ || snapshot_ != nullptr) return;
    saved_ = std::make_shared<const Snapshot>(std::move(saved));
    if (last_error_.ok()) return;
  }
  ServeSaved();
}

void Topic::ServeSaved() {
  ClientEvent event;
  Replaced replaced;
  {
    base::MutexLock lock(mutex_);
    if (is_closed_ || snapshot_ != nullptr || saved_ == nullptr) return;
    event.message = absl::StrFormat(
        "%s: fetch %s: no answer yet: a saved list is used%s",
        setting_->backend, app_id_,
        last_error_.ok() ? "" : absl::StrFormat(": %s", last_error_.message()));
    replaced = Replace(std::make_shared<Snapshot>(*saved_));
  }
  event.kind = ClientEvent::Kind::kSnapshotFileUsed;
  event.app_id = app_id_;
  setting_->monitor->Warn(std::move(event));
  Finish(std::move(replaced));
}

void Topic::WarnOfShrink(std::size_t present) {
  Warn(absl::StrFormat(
      "%s: fetch %s: %d of %d instances are missing from an answer after a "
      "break: held back for %ds",
      setting_->backend, app_id_, guard_.suspects(), present,
      std::chrono::ceil<std::chrono::seconds>(setting_->shrink.grace).count()));
}

void Topic::WarnOfEmpty(std::size_t present) {
  Warn(absl::StrFormat(
      "%s: fetch %s: an answer has none of %d instances: held back until "
      "another one says so",
      setting_->backend, app_id_, present));
}

void Topic::Warn(std::string message) {
  setting_->monitor->counters().suppressed_shrinks.Add();
  ClientEvent event;
  event.kind = ClientEvent::Kind::kShrinkSuppressed;
  event.app_id = app_id_;
  event.message = std::move(message);
  setting_->monitor->Warn(std::move(event));
}

void Topic::ReportError(absl::Status error) {
  Report(std::move(error), false);
  ServeSaved();
}

void Topic::Report(absl::Status error, bool is_missing) {
  base::MutexLock lock(mutex_);
  last_error_ = std::move(error);
  is_missing_ = is_missing;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Topic::Fetch(
    std::chrono::milliseconds timeout, const std::atomic<bool>* cancelled) {
  // Once there is a Snapshot this is all, and waits for nobody.
  if (auto current = current_.Get()) return current;
  timeout = Bounded(timeout);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  bool in_time = timeout.count() > 0;
  base::MutexLock lock(mutex_);
  for (;;) {
    if (snapshot_ != nullptr) return current_.Get();
    if (is_closed_ || *cancelled) {
      return absl::CancelledError(absl::StrFormat(
          "%s: fetch %s: the %s is being destroyed", setting_->backend, app_id_,
          is_closed_ ? "client" : "resolver"));
    }
    if (!in_time) return TimeoutError(timeout);
    in_time = changed_.WaitUntil(mutex_, deadline);
  }
}

absl::Status Topic::TimeoutError(std::chrono::milliseconds timeout) const {
  if (is_missing_) {
    return absl::NotFoundError(std::string(last_error_.message()));
  }
  std::string message =
      absl::StrFormat("%s: fetch %s: no list within %dms", setting_->backend,
                      app_id_, timeout.count());
  if (!last_error_.ok()) {
    message += absl::StrFormat(": %s", last_error_.message());
  }
  return absl::DeadlineExceededError(message);
}

Watcher Topic::Watch(
    std::function<void(std::shared_ptr<const Snapshot>)> on_change) {
  if (!on_change) return Watcher();
  // `step` finds the newest Snapshot when it runs, so a slow callback misses
  // those in between, and none comes twice.
  auto step = [this, told = std::int64_t{0},
               on_change = std::move(on_change)]() mutable {
    std::shared_ptr<const Snapshot> newest = snapshot();
    if (newest == nullptr || newest->revision == told) return;
    told = newest->revision;
    on_change(std::move(newest));
  };
  auto subscription =
      std::make_shared<Callback>(setting_->dispatcher, std::move(step));
  bool has_snapshot = false;
  {
    base::MutexLock lock(mutex_);
    if (is_closed_) return Watcher();
    subscriptions_.push_back(subscription);
    has_snapshot = snapshot_ != nullptr;
  }
  if (has_snapshot) subscription->Schedule();
  return Watcher([self = shared_from_this(), subscription] {
    self->Unsubscribe(subscription);
  });
}

void Topic::Unsubscribe(const std::shared_ptr<Callback>& subscription) {
  subscription->End();
  base::MutexLock lock(mutex_);
  subscriptions_.erase(
      std::find(subscriptions_.begin(), subscriptions_.end(), subscription));
}

void Topic::Interrupt() {
  base::MutexLock lock(mutex_);
  changed_.NotifyAll();
}

void Topic::Close() {
  base::MutexLock lock(mutex_);
  is_closed_ = true;
  changed_.NotifyAll();
}

std::int64_t Topic::revision() const {
  base::MutexLock lock(mutex_);
  return revision_;
}

std::shared_ptr<const Snapshot> Topic::snapshot() const {
  base::MutexLock lock(mutex_);
  return snapshot_;
}

// What an answer is compared with.
std::shared_ptr<const Snapshot> Topic::Previous() const {
  base::MutexLock lock(mutex_);
  return snapshot_ != nullptr ? snapshot_ : saved_;
}

}  // namespace naming::core
