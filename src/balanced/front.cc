// SPDX-License-Identifier: Apache-2.0

#include "balanced/front.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/timeout.h"

namespace naming::balanced {
namespace {

// How long events wait for the client's thread before they are told elsewhere.
constexpr std::chrono::seconds kPatience{1};

}  // namespace

Front::Front(Setting setting, std::unique_ptr<Resolver> resolver,
             std::unique_ptr<Balancer> balancer)
    : setting_(std::move(setting)),
      resolver_(std::move(resolver)),
      balancer_(std::move(balancer)) {}

void Front::Begin() {
  if (Ejector::IsNeeded(setting_.ejection)) {
    alarm_ = std::make_shared<Alarm>(*setting_.clock);
  }
  {
    base::MutexLock lock(mutex_);
    ejector_ =
        std::make_unique<Ejector>(setting_.app_id, setting_.ejection, alarm_);
  }
  watcher_ = resolver_->Watch(
      [self = shared_from_this()](const std::shared_ptr<const Snapshot>& next) {
        self->OnSnapshot(next);
        self->TellIfNobodyDoes();
      });
}

void Front::Close() {
  std::unique_ptr<Resolver> resolver;
  {
    base::MutexLock lock(mutex_);
    is_closed_ = true;
    changed_.NotifyAll();
    while (waiting_ > 0 || IsBusyElsewhere()) changed_.Wait(mutex_);
    // Within Watch() of a Resolver that calls back at once, it is left to who
    // called that.
    ends_in_arming_ = arm_ == Arm::kArming;
    if (!ends_in_arming_) resolver = std::move(resolver_);
  }
  watcher_ = Watcher();
  armed_watcher_ = Watcher();
}

// A callback of ours may be what destroys the Balanced.
bool Front::IsBusyElsewhere() const {
  const std::thread::id here = std::this_thread::get_id();
  return (is_working_ && worker_ != here) || (is_telling_ && teller_ != here) ||
         (arm_ == Arm::kArming && armer_ != here);
}

absl::StatusOr<Pick> Front::Choose(const PickOptions* options) {
  if (alarm_ == nullptr || !alarm_->IsDue()) return ChooseNow(options);
  // An event may destroy the Balanced.
  const std::shared_ptr<Front> self = shared_from_this();
  DecideByTheWay();
  return ChooseNow(options);
}

absl::StatusOr<Pick> Front::ChooseNow(const PickOptions* options) {
  absl::StatusOr<Pick> pick =
      options == nullptr ? balancer_->Choose() : balancer_->Choose(*options);
  if (!pick.ok()) return Unavailable(pick.status());
  // The choice tells which color this call goes to: only the Balancer knows its
  // own. A probe takes its place, and calls change color for none.
  const std::string& color = pick->endpoint().color;
  if (offers_.MayHave(color)) {
    auto probe = offers_.Claim(color, options);
    if (probe != nullptr) return Probe::Take(std::move(probe));
  }
  return pick;
}

PickRef Front::Peek(const PickOptions* options) {
  return options == nullptr ? balancer_->Peek() : balancer_->Peek(*options);
}

absl::Status Front::WaitReady(std::chrono::milliseconds timeout) {
  timeout = core::Bounded(timeout);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  absl::Status status;
  {
    base::MutexLock lock(mutex_);
    if (is_ready_) return absl::OkStatus();
    ++waiting_;
    bool in_time = timeout.count() > 0;
    while (in_time && !is_ready_ && !is_closed_) {
      in_time = changed_.WaitUntil(mutex_, deadline);
    }
    if (!is_ready_ && is_closed_) {
      status = absl::CancelledError(absl::StrFormat(
          "naming: wait for %s: it is being destroyed", setting_.app_id));
    }
    if (is_ready_ || !status.ok()) {
      --waiting_;
      changed_.NotifyAll();
      return status;
    }
  }
  // While this call counts as waiting, the Resolver is there.
  status = TimeoutError(timeout);
  base::MutexLock lock(mutex_);
  --waiting_;
  changed_.NotifyAll();
  return status;
}

absl::Status Front::TimeoutError(std::chrono::milliseconds timeout) {
  // Its client may be gone, and with it the thread that would have told of it.
  const auto fetched = resolver_->Fetch(std::chrono::milliseconds(0));
  if (fetched.ok()) OnSnapshot(*fetched);
  base::MutexLock lock(mutex_);
  if (is_ready_) return absl::OkStatus();
  const std::string message = absl::StrFormat(
      "naming: wait for %s: nothing to pick within %dms: ", setting_.app_id,
      timeout.count());
  if (!fetched.ok()) {
    return absl::Status(fetched.status().code(),
                        message + std::string(fetched.status().message()));
  }
  return absl::DeadlineExceededError(
      absl::StrFormat("%snone of %d instances fits", message,
                      snapshot_ == nullptr ? 0 : snapshot_->size()));
}

std::vector<Endpoint> Front::endpoints() const {
  base::MutexLock lock(mutex_);
  return ejector_->endpoints();
}

BalancedStats Front::stats() const {
  base::MutexLock lock(mutex_);
  BalancedStats stats = stats_;
  stats.probes = offers_.claimed();
  return stats;
}

absl::Status Front::Unavailable(const absl::Status& status) const {
  base::MutexLock lock(mutex_);
  std::string cause(status.message());
  if (snapshot_ == nullptr) {
    cause = "no list has come yet";
  } else if (snapshot_->size() == 0) {
    cause = "it has no instances";
  } else if (ejector_->size() == 0) {
    cause = absl::StrFormat("none of its %d instances fits", snapshot_->size());
  }
  return absl::UnavailableError(
      absl::StrFormat("naming: pick %s: %s", setting_.app_id, cause));
}

bool Front::IsNewer(const Snapshot& snapshot) const {
  return snapshot_ == nullptr || (snapshot_.get() != &snapshot &&
                                  snapshot.revision >= snapshot_->revision);
}

void Front::OnSnapshot(const std::shared_ptr<const Snapshot>& snapshot) {
  std::vector<Endpoint> endpoints = Apply(setting_.policies, *snapshot);
  {
    base::MutexLock lock(mutex_);
    // What has left isn't chosen any more when this returns.
    ++waiting_lists_;
    while (is_working_ && worker_ != std::this_thread::get_id()) {
      changed_.Wait(mutex_);
    }
    --waiting_lists_;
    if (is_closed_ || is_working_ || !IsNewer(*snapshot)) return;
    snapshot_ = snapshot;
    ejector_->SetEndpoints(std::move(endpoints), setting_.clock->Now());
    is_working_ = true;
    worker_ = std::this_thread::get_id();
  }
  Work();
}

void Front::DecideByTheWay() {
  {
    base::MutexLock lock(mutex_);
    // Lists go first; that decides, too.
    if (is_closed_ || is_working_ || waiting_lists_ > 0) return;
    is_working_ = true;
    worker_ = std::this_thread::get_id();
  }
  Work();
  TellOnClientsThread();
}

void Front::Work() {
  std::vector<EjectionEvent> events;
  std::optional<std::vector<Candidate>> candidates;
  std::vector<std::shared_ptr<Probe>> offers;
  {
    base::MutexLock lock(mutex_);
    ejector_->Look(setting_.clock->Now(), events);
    candidates = ejector_->TakeChange();
    offers = ejector_->offers();
    // False before Pick() fails, true after it doesn't.
    if (ejector_->size() == 0) is_ready_ = false;
  }
  const bool has_changed = candidates.has_value();
  if (has_changed) balancer_->UpdateCandidates(*std::move(candidates));
  offers_.Publish(std::move(offers));
  base::MutexLock lock(mutex_);
  is_ready_ = ejector_->size() > 0;
  stats_.instances = snapshot_ == nullptr ? 0 : snapshot_->size();
  stats_.endpoints = ejector_->size();
  stats_.updates += has_changed ? 1 : 0;
  Count(events);
  Keep(std::move(events));
  is_working_ = false;
  changed_.NotifyAll();
}

void Front::Count(const std::vector<EjectionEvent>& events) {
  for (const EjectionEvent& event : events) {
    stats_.ejections += event.kind == EjectionEvent::Kind::kEjected ? 1 : 0;
    stats_.returns += event.kind == EjectionEvent::Kind::kReturned ? 1 : 0;
    stats_.panics += event.kind == EjectionEvent::Kind::kPanicBegan ? 1 : 0;
  }
  stats_.ejected = ejector_->ejected();
  stats_.is_panicking = ejector_->is_panicking();
}

void Front::Keep(std::vector<EjectionEvent> events) {
  if (!setting_.on_event) return;
  for (EjectionEvent& event : events) untold_.push_back(std::move(event));
  if (arm_ != Arm::kIdle && !untold_.empty() && !is_telling_) {
    alarm_->Hasten(armed_at_ + kPatience);
  }
}

void Front::TellOnClientsThread() {
  bool is_overdue = false;
  {
    base::MutexLock lock(mutex_);
    if (is_closed_ || untold_.empty() || is_telling_) return;
    const base::Clock::TimePoint now = setting_.clock->Now();
    if (arm_ == Arm::kIdle) {
      arm_ = Arm::kArming;
      armer_ = std::this_thread::get_id();
      armed_at_ = now;
      alarm_->Hasten(now + kPatience);
    } else {
      is_overdue = now - armed_at_ >= kPatience;
      if (!is_overdue) return;
      BeginTelling();
    }
  }
  is_overdue ? Tell() : ArmTelling();
}

void Front::ArmTelling() {
  armed_watcher_ = resolver_->Watch(
      [self = shared_from_this()](const std::shared_ptr<const Snapshot>&) {
        self->OnArmed();
      });
  bool is_closing = false;
  {
    base::MutexLock lock(mutex_);
    arm_ = has_come_ ? Arm::kIdle : Arm::kArmed;
    has_come_ = false;
    is_closing = ends_in_arming_;
    changed_.NotifyAll();
    // What was decided after it had come.
    if (arm_ == Arm::kIdle && !untold_.empty()) alarm_->Ring();
  }
  if (!is_closing) return;
  armed_watcher_ = Watcher();
  resolver_.reset();
}

void Front::OnArmed() {
  bool tells = false;
  {
    base::MutexLock lock(mutex_);
    if (arm_ == Arm::kArming) {
      has_come_ = true;
    } else {
      arm_ = Arm::kIdle;
    }
    // At once: who arms now would wait for this call to return.
    tells = BeginTelling();
  }
  if (tells) Tell();
}

void Front::TellIfNobodyDoes() {
  {
    base::MutexLock lock(mutex_);
    if (!BeginTelling()) return;
  }
  Tell();
}

bool Front::BeginTelling() {
  if (is_telling_) return false;
  is_telling_ = true;
  teller_ = std::this_thread::get_id();
  return true;
}

void Front::Tell() {
  while (const auto event = NextEvent()) setting_.on_event(*event);
}

std::optional<EjectionEvent> Front::NextEvent() {
  base::MutexLock lock(mutex_);
  if (is_closed_ || untold_.empty()) {
    is_telling_ = false;
    changed_.NotifyAll();
    return std::nullopt;
  }
  EjectionEvent event = std::move(untold_.front());
  untold_.pop_front();
  return event;
}

}  // namespace naming::balanced
