// SPDX-License-Identifier: Apache-2.0

#include "core/life.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_mark.h"
#include "core/timeout.h"

namespace naming::core {
namespace {

constexpr double kRenewJitter = 0.1;
constexpr double kPutJitter = 0.5;

}  // namespace

Life::Life(Setting* setting, std::shared_ptr<Record> record, std::uint64_t seed)
    : setting_(*setting),
      record_(std::move(record)),
      app_id_(record_->instance().app_id),
      backoff_(setting->options.first_retry, setting->options.max_retry, seed) {
}

Life::~Life() = default;

void Life::Begin() {
  if (is_leaving_) return;
  lease_ = setting_.factory(record_->instance());
  Put();
}

void Life::Update() {
  // After what is under way, Continue() sees to it.
  if (is_leaving_ || lease_ == nullptr || under_way_ != Operation::kNone) {
    return;
  }
  Put();
}

void Life::RefreshNow() {
  if (is_leaving_ || lease_ == nullptr) return;
  if (under_way_ != Operation::kNone) {
    // It may have reached the registry before the reason for this call.
    is_refresh_wanted_ = true;
  } else if (is_registered_) {
    Refresh();
  } else {
    Put();
  }
}

base::Loop::TimerId Life::After(std::chrono::milliseconds delay,
                                void (Life::*task)()) {
  return setting_.loop->RunAfter(delay, [weak = weak_from_this(), task] {
    if (const auto self = weak.lock()) (*self.*task)();
  });
}

void Life::ContinueIn(std::chrono::milliseconds delay) {
  setting_.loop->CancelTimer(continue_timer_);
  continue_timer_ = After(delay, &Life::Continue);
}

void Life::ContinueAt(base::Clock::TimePoint when) {
  setting_.loop->CancelTimer(continue_timer_);
  continue_timer_ = setting_.loop->RunAt(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Continue();
  });
}

void Life::CancelTimers() {
  for (base::Loop::TimerId* timer :
       {&continue_timer_, &lease_timer_, &grace_timer_, &cancel_timer_}) {
    setting_.loop->CancelTimer(std::exchange(*timer, 0));
  }
}

// --- While it is kept ---

void Life::Continue() {
  if (is_leaving_) {
    Remove();
  } else if (IsToRefresh()) {
    Refresh();
  } else {
    Put();
  }
}

// While an update fails, what the registry still holds must be kept alive: when
// a refresh is due, the two take turns.
bool Life::IsToRefresh() const {
  if (!is_registered_) return false;
  if (record_->is_current()) return true;
  return last_ == Operation::kPut &&
         setting_.loop->clock().Now() >= next_refresh_;
}

void Life::Put() {
  setting_.loop->CancelTimer(continue_timer_);
  under_way_ = last_ = Operation::kPut;
  was_maybe_held_ = std::exchange(may_be_held_, true);
  put_ = record_->desired();
  lease_->Put(put_.instance,
              [this](const absl::Status& status) { OnPut(status); });
}

void Life::OnPut(const absl::Status& marked) {
  under_way_ = Operation::kNone;
  record_->SetNode(lease_->node());
  const absl::Status status = base::kUnsent.TakeOff(marked);
  if (IsRefusal(status) || base::kUnsent.IsOn(marked)) {
    may_be_held_ = was_maybe_held_;
  }
  if (is_leaving_) return Leave();
  if (status.ok()) {
    setting_.options.monitor->counters().registrations.Add();
    record_->Took(put_);
    return OnSuccess(kPutJitter);
  }
  if (IsRefusal(status)) return OnRefused(status);
  record_->Failed(status);
  RetryPut(status);
}

void Life::OnRefused(const absl::Status& status) {
  const bool goes_back = record_->Refused(put_, status);
  if (!goes_back || !is_registered_) return RetryPut(status);
  // What the registry holds is desired again, as if nothing had been.
  if (is_refresh_wanted_) return Refresh();
  const auto wait = next_refresh_ - setting_.loop->clock().Now();
  ContinueIn(
      Bounded(std::chrono::duration_cast<std::chrono::milliseconds>(wait)));
}

void Life::RetryPut(const absl::Status& failure) {
  LogFailure(failure, false);
  const bool is_outdated = record_->desired_version() != put_.version;
  ContinueIn(is_outdated ? std::chrono::milliseconds(0) : backoff_.Next());
}

void Life::Refresh() {
  setting_.loop->CancelTimer(continue_timer_);
  under_way_ = last_ = Operation::kRefresh;
  is_refresh_wanted_ = false;
  lease_->Refresh([this](const absl::Status& status) { OnRefreshed(status); });
}

void Life::OnRefreshed(const absl::Status& marked) {
  under_way_ = Operation::kNone;
  record_->SetNode(lease_->node());
  if (is_leaving_) return Leave();
  const absl::Status status = base::kUnsent.TakeOff(marked);
  Counters& counters = setting_.options.monitor->counters();
  const bool has_failed = !status.ok() && !base::kUnsent.IsOn(marked);
  if (has_failed) counters.failed_renewals.Add();
  if (status.ok()) {
    counters.renewals.Add();
    vanished_ = 0;
    record_->Refreshed();
    return OnSuccess(kRenewJitter);
  }
  if (absl::IsNotFound(status)) return OnVanished(status);
  record_->Failed(status);
  LogFailure(status, false);
  ContinueIn(backoff_.Next());
}

void Life::OnSuccess(double jitter) {
  const bool is_current = record_->is_current();
  if (!is_registered_) {
    setting_.logger->Info(Message("register", "registered"));
    Tell(ClientEvent::Kind::kRegistered, Message("register", "registered"));
    if (was_registered_) {
      setting_.options.monitor->counters().reregistrations.Add();
    }
    was_registered_ = true;
  } else if (is_troubled_ && is_current) {
    setting_.logger->Info(Message("register", "refreshed again"));
  }
  is_registered_ = true;
  if (is_current) is_troubled_ = false;
  if (is_current && vanished_ == 0) backoff_.Reset();

  setting_.loop->CancelTimer(lease_timer_);
  lease_timer_ = After(setting_.options.lease, &Life::OnLeaseOver);
  const auto wait = base::Jittered(setting_.options.refresh_interval, jitter,
                                   setting_.random);
  next_refresh_ = InSlot(setting_.loop->clock().Now() + wait);
  const bool is_more_to_do = is_refresh_wanted_ || !is_current;
  if (is_more_to_do) return ContinueIn(std::chrono::milliseconds(0));
  ContinueAt(next_refresh_);
}

base::Clock::TimePoint Life::InSlot(base::Clock::TimePoint at) const {
  const base::Clock::Duration slot = setting_.options.refresh_slot;
  return slot.count() > 0 ? at - at.time_since_epoch() % slot : at;
}

// A registry that takes it and then denies it, again and again, is asked ever
// more slowly: only the first time, and after a good refresh, it is put at
// once.
void Life::OnVanished(const absl::Status& status) {
  if (std::exchange(is_registered_, false)) {
    Tell(ClientEvent::Kind::kRegistrationLost, std::string(status.message()));
  }
  setting_.loop->CancelTimer(lease_timer_);
  record_->Gone(status);
  LogFailure(status, true);
  ContinueIn(++vanished_ == 1 ? std::chrono::milliseconds(0) : backoff_.Next());
}

void Life::OnLeaseOver() {
  is_registered_ = false;
  absl::Status why = absl::DeadlineExceededError(Message(
      "register", absl::StrFormat("lost: it could not be refreshed for %dms",
                                  setting_.options.lease.count())));
  LogFailure(why, true);
  Tell(ClientEvent::Kind::kRegistrationLost, std::string(why.message()));
  const absl::Status last_error = record_->state().last_error;
  record_->Gone(last_error.ok() ? why : last_error);
  if (under_way_ == Operation::kNone) Put();
}

// --- When it ends ---

void Life::Cancel() {
  if (is_leaving_) return;
  is_leaving_ = true;
  CancelTimers();
  backoff_.Reset();
  if (under_way_ != Operation::kNone && !lease_->IsSent()) DropUnderWay();
  if (!may_be_held_ && under_way_ == Operation::kNone) {
    return End(absl::OkStatus());
  }
  const std::chrono::milliseconds timeout = setting_.options.cancel_timeout;
  if (under_way_ == Operation::kNone) {
    Remove();
  } else {
    grace_timer_ = After(timeout / 2, &Life::OnGraceOver);
  }
  cancel_timer_ = After(timeout, &Life::OnCancelTimeout);
}

void Life::OnGraceOver() {
  DropUnderWay();
  Leave();
}

void Life::DropUnderWay() {
  const bool is_put = under_way_ == Operation::kPut;
  if (is_put && !lease_->IsSent()) may_be_held_ = was_maybe_held_;
  lease_->Abort();
  under_way_ = Operation::kNone;
}

// What was under way has ended.
void Life::Leave() {
  setting_.loop->CancelTimer(grace_timer_);
  if (may_be_held_) {
    Remove();
  } else {
    End(absl::OkStatus());
  }
}

void Life::Remove() {
  under_way_ = Operation::kRemove;
  lease_->Remove([this](absl::Status status) { OnRemoved(std::move(status)); });
}

void Life::OnRemoved(absl::Status status) {
  under_way_ = Operation::kNone;
  if (status.ok()) {
    may_be_held_ = false;
    return End(absl::OkStatus());
  }
  remove_error_ = std::move(status);
  if (is_out_of_time_ || IsRefusal(remove_error_)) return End(CancelError());
  ContinueIn(backoff_.Next());
}

void Life::OnCancelTimeout() {
  is_out_of_time_ = true;
  // The caller is let go, but while the registry may still execute a removal,
  // the Instance can't be registered again.
  record_->Ended(CancelError());
  if (under_way_ == Operation::kNone) End(CancelError());
}

absl::Status Life::CancelError() const {
  if (remove_error_.ok()) {
    return absl::DeadlineExceededError(Message(
        "cancel", absl::StrFormat("no answer within %dms",
                                  setting_.options.cancel_timeout.count())));
  }
  const std::string message(remove_error_.message());
  return absl::IsDeadlineExceeded(remove_error_)
             ? absl::DeadlineExceededError(message)
             : absl::UnavailableError(message);
}

// Posted, because a Lease isn't destroyed from within its `done`.
void Life::End(absl::Status status) {
  CancelTimers();
  end_ = std::move(status);
  setting_.loop->Post([self = shared_from_this()] { self->Finish(); });
}

void Life::Drop() {
  is_leaving_ = true;
  CancelTimers();
  end_ = may_be_held_ ? CancelError() : absl::OkStatus();
  Finish();
}

void Life::Finish() {
  if (has_ended_) return;
  has_ended_ = true;
  lease_.reset();
  if (!end_.ok()) setting_.logger->Warning(std::string(end_.message()));
  record_->Ended(end_);
  setting_.on_end(*this);
}

void Life::LogFailure(const absl::Status& status, bool is_change) {
  if (!is_troubled_ || is_change) {
    setting_.logger->Warning(std::string(status.message()));
  }
  is_troubled_ = true;
}

void Life::Tell(ClientEvent::Kind kind, std::string message) {
  ClientEvent event;
  event.kind = kind;
  event.app_id = app_id_;
  event.hostname = put_.instance.hostname;
  event.node = lease_->node();
  event.message = std::move(message);
  setting_.options.monitor->Tell(std::move(event));
}

std::string Life::Message(std::string_view verb, std::string_view cause) const {
  return absl::StrFormat("%s: %s %s: %s", setting_.options.backend, verb,
                         app_id_, cause);
}

}  // namespace naming::core
