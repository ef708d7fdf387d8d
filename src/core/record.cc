// SPDX-License-Identifier: Apache-2.0

#include "core/record.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::core {
namespace {

absl::Status CancelledError(std::string_view backend, std::string_view app_id) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s: register %s: the registration was cancelled", backend, app_id));
}

}  // namespace

bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return true;
    default:
      return false;
  }
}

// `step` uses this Record: its last user silences it before letting go.
Record::Record(std::string backend, Instance instance, const base::Clock* clock,
               std::shared_ptr<Dispatcher> dispatcher,
               std::function<void(const RegistrationState&)> on_change)
    : backend_(std::move(backend)),
      app_id_(instance.app_id),
      clock_(*clock),
      callback_(on_change == nullptr
                    ? nullptr
                    : std::make_shared<Callback>(
                          std::move(dispatcher),
                          [this, on_change = std::move(on_change)] {
                            TellNext(on_change);
                          })),
      desired_{std::move(instance), 1},
      fallback_(desired_) {
  base::MutexLock lock(mutex_);
  state_.since = clock_.WallNow();
}

Record::~Record() = default;

Instance Record::instance() const {
  base::MutexLock lock(mutex_);
  return desired_.instance;
}

RegistrationState Record::state() const {
  base::MutexLock lock(mutex_);
  return state_;
}

std::shared_ptr<Answer> Record::Desire(Instance instance) {
  base::MutexLock lock(mutex_);
  if (!is_ending_) desired_ = {std::move(instance), ++last_version_};
  return Await(desired_.version);
}

std::shared_ptr<Answer> Record::AwaitTaken() {
  base::MutexLock lock(mutex_);
  return Await(desired_.version);
}

std::shared_ptr<Answer> Record::AwaitCurrent() {
  base::MutexLock lock(mutex_);
  return Await(std::nullopt);
}

std::shared_ptr<Answer> Record::Await(std::optional<std::int64_t> version) {
  auto answer = std::make_shared<Answer>();
  awaited_.push_back({answer, version});
  GiveWhatIsDue();
  return answer;
}

void Record::Forget(const std::shared_ptr<Answer>& answer) {
  base::MutexLock lock(mutex_);
  awaited_.erase(std::remove_if(awaited_.begin(), awaited_.end(),
                                [&answer](const Awaited& awaited) {
                                  return awaited.answer == answer;
                                }),
                 awaited_.end());
}

absl::Status Record::TimeoutError(std::string_view verb,
                                  std::chrono::milliseconds timeout) const {
  base::MutexLock lock(mutex_);
  if (!state_.last_error.ok()) return state_.last_error;
  return absl::DeadlineExceededError(
      absl::StrFormat("%s: %s %s: no answer within %dms", backend_, verb,
                      app_id_, timeout.count()));
}

bool Record::BeginEnd() {
  base::MutexLock lock(mutex_);
  if (is_ending_) return false;
  is_ending_ = true;
  GiveWhatIsDue();
  return true;
}

absl::Status Record::AwaitEnd() { return end_->Get(); }

void Record::Silence() {
  if (callback_ != nullptr) callback_->End();
}

Record::Desired Record::desired() const {
  base::MutexLock lock(mutex_);
  return desired_;
}

std::int64_t Record::desired_version() const {
  base::MutexLock lock(mutex_);
  return desired_.version;
}

bool Record::is_current() const {
  base::MutexLock lock(mutex_);
  return IsCurrent();
}

bool Record::IsCurrent() const {
  return state_.is_registered && taken_version_ == desired_.version;
}

void Record::SetNode(std::string node) {
  base::MutexLock lock(mutex_);
  state_.node = std::move(node);
}

void Record::Took(const Desired& put) {
  base::MutexLock lock(mutex_);
  fallback_ = put;
  taken_version_ = put.version;
  SetRegistered(true, absl::OkStatus());
}

void Record::Refreshed() {
  base::MutexLock lock(mutex_);
  SetRegistered(true, absl::OkStatus());
}

void Record::Failed(const absl::Status& error) {
  base::MutexLock lock(mutex_);
  SetRegistered(state_.is_registered, error);
}

void Record::Gone(const absl::Status& why) {
  base::MutexLock lock(mutex_);
  SetRegistered(false, why);
}

bool Record::Refused(const Desired& put, const absl::Status& why) {
  base::MutexLock lock(mutex_);
  std::vector<Awaited> left;
  for (Awaited& awaited : awaited_) {
    if (awaited.version && *awaited.version <= put.version) {
      awaited.answer->Give(why);
    } else {
      left.push_back(std::move(awaited));
    }
  }
  awaited_ = std::move(left);
  const bool is_final =
      absl::IsInvalidArgument(why) || absl::IsFailedPrecondition(why);
  const bool goes_back = is_final && desired_.version == put.version &&
                         fallback_.version != put.version;
  if (goes_back) desired_ = fallback_;
  // A refused Update() says nothing of what is registered.
  const bool is_news = !goes_back || !state_.is_registered;
  SetRegistered(state_.is_registered, is_news ? why : state_.last_error);
  return goes_back;
}

void Record::Ended(absl::Status how) {
  {
    base::MutexLock lock(mutex_);
    if (has_ended_) return;
    has_ended_ = true;
    is_ending_ = true;
    SetRegistered(false, CancelledError(backend_, app_id_));
  }
  end_->Give(std::move(how));
}

void Record::SetRegistered(bool is_registered, absl::Status last_error) {
  const bool is_change = is_registered != state_.is_registered;
  if (is_change) state_.since = clock_.WallNow();
  state_.is_registered = is_registered;
  state_.last_error = std::move(last_error);
  GiveWhatIsDue();
  if (!is_change || callback_ == nullptr) return;
  untold_.push_back(state_);
  callback_->Schedule();
}

void Record::GiveWhatIsDue() {
  std::vector<Awaited> left;
  for (Awaited& awaited : awaited_) {
    if (is_ending_) {
      awaited.answer->Give(CancelledError(backend_, app_id_));
    } else if (awaited.version ? taken_version_ >= *awaited.version
                               : IsCurrent()) {
      awaited.answer->Give(absl::OkStatus());
    } else {
      left.push_back(std::move(awaited));
    }
  }
  awaited_ = std::move(left);
}

void Record::TellNext(
    const std::function<void(const RegistrationState&)>& on_change) {
  RegistrationState next;
  {
    base::MutexLock lock(mutex_);
    if (untold_.empty()) return;
    next = std::move(untold_.front());
    untold_.pop_front();
    if (!untold_.empty()) callback_->Schedule();
  }
  on_change(next);
}

}  // namespace naming::core
