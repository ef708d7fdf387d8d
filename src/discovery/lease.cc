// SPDX-License-Identifier: Apache-2.0

#include "discovery/lease.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/unsent.h"

namespace naming::discovery {
namespace {

// A register that a node ignored for the sake of newer data is repeated once
// with a timestamp above that; twice would be a quarrel between two programs.
constexpr int kRegisterAttempts = 2;

constexpr std::string_view kRegisterPath = "/discovery/register";
constexpr std::string_view kCancelPath = "/discovery/cancel";
constexpr std::string_view kNodesPath = "/discovery/nodes";

// What was under way may take half of a cancellation's time; then there is time
// for a node that hangs and for another one, back-off included.
constexpr int kCancelAttempts = 3;

// A node that comes to itself executes the renewal that it was sent as well as
// the cancel, in any order, and tells the others of an instance that they no
// longer know. So long after its answer they have heard of it. With what was
// under way before, and a cancel that is slow, it's no more than a cancellation
// may take in all.
constexpr std::chrono::milliseconds kSpreadTime{100};

// A node executes a cancel at once, though it may wait for others before it
// answers: nobody waits longer for the answer to the last one.
constexpr std::chrono::milliseconds kLastPatience{200};

// A node that wakes later than that is most likely dead.
constexpr std::chrono::minutes kUnsureFor{5};

bool Contains(const std::map<std::string, std::string>& all,
              const std::map<std::string, std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

}  // namespace

Lease::Lease(base::Loop& loop, Requester& requester, Instance instance,
             std::chrono::milliseconds cancel_timeout)
    : loop_(loop),
      requester_(requester),
      cancel_patience_(cancel_timeout / kCancelAttempts),
      instance_(std::move(instance)) {}

Lease::~Lease() { Abort(); }

void Lease::Put(const Instance& instance, Done done) {
  if (instance != instance_) is_held_back_ = false;
  instance_ = instance;
  accepted_.reset();
  Register(std::nullopt, kRegisterAttempts, std::move(done));
}

void Lease::Refresh(Done done) {
  Post("renew", "/discovery/renew", InstanceKeyForm(instance_), std::nullopt,
       [this, done = std::move(done)](const absl::StatusOr<Answer>& answer,
                                      const std::string& node) {
         if (!answer.ok()) return done(answer.status());
         const absl::Status status = StatusOf(*answer);
         if (absl::IsNotFound(status)) is_held_back_ = false;
         if (!status.ok()) return done(Describe(What("renew"), node, status));
         const auto stored = DecodeStored(*answer);
         if (!stored) return done(absl::OkStatus());
         is_held_back_ = stored->status == Instance::Status::kWaiting &&
                         instance_.status == Instance::Status::kUp &&
                         !IsSomebodyElses(*stored);
         if (!HasDrifted(*stored)) return done(absl::OkStatus());
         requester_.counters().drift_repairs.Add();
         dirty_timestamp_ = std::max(dirty_timestamp_, stored->dirty_timestamp);
         done(Describe(What("renew"), node,
                       absl::NotFoundError(DescribeDrift(*stored))));
       });
}

void Lease::Remove(Done done) {
  removed_at_.clear();
  on_removed_ = std::move(done);
  ForgetUnsure();
  auto chosen = requester_.nodes().Choose();
  if (!chosen && !unsure_.empty()) chosen = unsure_.begin()->first;
  AskWhereUnsure(chosen.value_or(""));
  Post("cancel", kCancelPath, InstanceKeyForm(instance_), std::move(chosen),
       [this](const absl::StatusOr<Answer>& answer, const std::string& node) {
         const absl::Status status = CancelStatus(answer, node);
         if (!status.ok()) return EndRemoval(status);
         if (unsure_.erase(node) > 0) woken_.insert(node);
         removed_at_ = node;
         FinishRemoval();
       });
}

void Lease::ForgetUnsure() {
  const std::vector<std::string> all = requester_.nodes().All();
  const auto now = Now();
  for (auto it = unsure_.begin(); it != unsure_.end();) {
    const bool is_a_node =
        std::find(all.begin(), all.end(), it->first) != all.end();
    const bool is_recent = now - it->second.since < kUnsureFor;
    it = is_a_node && is_recent ? std::next(it) : unsure_.erase(it);
  }
}

// A node that hangs executes a register or a renewal when it comes to itself,
// though the instance was cancelled elsewhere meanwhile, and then others hold
// it again (C-43). That it answers tells that it has come to itself.
//
// Behind a register waits a cancel, whatever becomes of this program. But when
// it wakes late that hits whoever has registered the hostname anew, so that
// behind a renewal, which is much more frequent, a harmless question waits.
void Lease::AskWhereUnsure(const std::string& but) {
  for (const auto& [name, unsure] : unsure_) {
    if (name == but) continue;
    Call call =
        MakeCall("cancel", kCancelPath, name, InstanceKeyForm(instance_));
    if (!unsure.is_register) {
      call.method = net::HttpRequest::Method::kGet;
      call.path = kNodesPath;
      call.parameters.clear();
    }
    behind_[name] = requester_.Send(
        std::move(call),
        [this, node = name](const absl::StatusOr<Answer>& answer) {
          behind_.erase(node);
          if (!absl::IsDeadlineExceeded(answer.status())) {
            unsure_.erase(node);
            if (!base::IsUnsent(answer.status())) woken_.insert(node);
          }
          FinishRemoval();
        });
  }
}

// Ends the removal once a node has executed it and nothing can undo that.
void Lease::FinishRemoval() {
  if (removed_at_.empty() || !behind_.empty()) return;
  if (!unsure_.empty()) {
    return EndRemoval(Describe(
        What("cancel"), unsure_.begin()->first,
        absl::DeadlineExceededError(absl::StrFormat(
            "%s has done it, but this one was sent a register or a renewal "
            "before, which it may yet execute",
            removed_at_))));
  }
  if (woken_.empty()) return EndRemoval(absl::OkStatus());
  settling_ = loop_.RunAfter(kSpreadTime, [this] {
    settling_ = 0;
    CancelOnceMore();
  });
}

// Where it was removed, for what was spread there since, and where it may have
// been put again.
void Lease::CancelOnceMore() {
  last_status_ = absl::OkStatus();
  for (const std::string& node : woken_) {
    if (node == removed_at_) continue;
    behind_[node] = SendLastCancel(node, [this, node](const absl::Status&) {
      behind_.erase(node);
      FinishLastCancels();
    });
  }
  request_ = SendLastCancel(removed_at_, [this](absl::Status status) {
    request_ = 0;
    last_status_ = std::move(status);
    FinishLastCancels();
  });
}

Requester::RequestId Lease::SendLastCancel(
    const std::string& node, std::function<void(absl::Status)> done) {
  Call call = MakeCall("cancel", kCancelPath, node, InstanceKeyForm(instance_));
  call.patience = kLastPatience;
  return requester_.Send(
      std::move(call), [this, node, done = std::move(done)](
                           const absl::StatusOr<Answer>& answer) {
        const absl::Status status = CancelStatus(answer, node);
        done(absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status);
      });
}

void Lease::FinishLastCancels() {
  if (request_ != 0 || !behind_.empty()) return;
  if (last_status_.ok()) woken_.clear();
  EndRemoval(last_status_);
}

// When the attempt fails the next one asks the nodes that are still unsure once
// more.
void Lease::EndRemoval(absl::Status status) {
  AbortBehind();
  std::exchange(on_removed_, nullptr)(std::move(status));
}

void Lease::AbortBehind() {
  for (const auto& [node, id] : std::exchange(behind_, {})) {
    requester_.Abort(id);
  }
}

absl::Status Lease::CancelStatus(const absl::StatusOr<Answer>& answer,
                                 const std::string& node) const {
  if (!answer.ok()) return base::WithoutUnsentMark(answer.status());
  const absl::Status status = StatusOf(*answer);
  return absl::IsNotFound(status) ? absl::OkStatus()
                                  : Describe(What("cancel"), node, status);
}

bool Lease::IsSent() const {
  return request_ != 0 && requester_.MayBeSent(request_);
}

void Lease::Abort() {
  if (!executing_.empty() && IsSent()) MarkUnsure(executing_);
  executing_.clear();
  requester_.Abort(std::exchange(request_, 0));
  AbortBehind();
  loop_.CancelTimer(std::exchange(refusal_, 0));
  loop_.CancelTimer(std::exchange(settling_, 0));
}

void Lease::Register(std::optional<std::string> node, int attempts_left,
                     Done done) {
  Instance sent = instance_;
  if (is_held_back_) sent.status = Instance::Status::kWaiting;
  if (!node) node = requester_.nodes().Choose();
  if (comma_nodes_.count(node.value_or("")) != 0) {
    sent.addrs = {absl::StrJoin(sent.addrs, ",")};
  }
  Post("register", kRegisterPath, RegisterForm(sent, NextDirtyTimestamp()),
       std::move(node),
       [this, attempts_left, done = std::move(done)](
           const absl::StatusOr<Answer>& answer, const std::string& asked) {
         if (!answer.ok()) return done(answer.status());
         const absl::Status status =
             Describe(What("register"), asked, StatusOf(*answer));
         if (!status.ok()) return done(status);
         Verify(asked, attempts_left - 1, done);
       });
}

void Lease::Verify(const std::string& node, int attempts_left, Done done) {
  Post("verify", "/discovery/renew", InstanceKeyForm(instance_), node,
       [this, attempts_left, done = std::move(done)](
           const absl::StatusOr<Answer>& answer, const std::string& asked) {
         if (!answer.ok())
           return done(base::WithoutUnsentMark(answer.status()));
         const absl::Status status = StatusOf(*answer);
         if (!status.ok()) {
           // It was taken and is gone: whoever did that, it may pass.
           return done(
               Describe(What("verify"), asked,
                        absl::UnavailableError(std::string(status.message()))));
         }
         auto stored = DecodeStored(*answer);
         if (attempts_left > 0 && stored && IsCutShort(*stored) &&
             comma_nodes_.insert(asked).second) {
           return Register(asked, attempts_left, done);
         }
         const bool is_ignored = stored && !IsOurs(*stored) &&
                                 stored->dirty_timestamp > dirty_timestamp_;
         if (!is_ignored) {
           accepted_ = std::move(stored);
           return done(absl::OkStatus());
         }
         dirty_timestamp_ = stored->dirty_timestamp;
         if (attempts_left > 0) return Register(asked, attempts_left, done);
         done(Describe(
             What("verify"), asked,
             absl::UnavailableError(absl::StrFormat(
                 "somebody else registers hostname %s", instance_.hostname))));
       });
}

Call Lease::MakeCall(std::string_view verb, std::string_view path,
                     const std::string& node, std::string parameters) const {
  Call call;
  call.what = What(verb);
  call.node = node;
  call.method = net::HttpRequest::Method::kPost;
  call.path = path;
  call.parameters = std::move(parameters);
  // A node that waits for a peer answers when it must, and whoever cancels
  // isn't to have given up by then.
  // Nor is it to wait behind requests that take longer.
  if (path == kCancelPath) {
    call.patience = cancel_patience_;
    call.passes_line = true;
  }
  call.tells_how = true;
  return call;
}

// No `node`: the one whose turn it is.
void Lease::Post(std::string_view verb, std::string_view path,
                 std::string parameters, std::optional<std::string> node,
                 OnAnswer on_answer) {
  if (!node) node = requester_.nodes().Choose();
  if (!node) {
    refusal_ = loop_.RunAfter(
        base::Clock::Duration::zero(),
        [this, what = What(verb), on_answer = std::move(on_answer)] {
          refusal_ = 0;
          on_answer(base::Unsent(requester_.NoNode(what)), "");
        });
    return;
  }
  Call call = MakeCall(verb, path, *node, std::move(parameters));
  if (path != kCancelPath) {
    executing_ = *node;
    is_registering_ = path == kRegisterPath;
  }
  request_ = requester_.Send(
      std::move(call), [this, asked = *node, on_answer = std::move(on_answer)](
                           const absl::StatusOr<Answer>& answer) {
        request_ = 0;
        if (answer.ok()) node_ = asked;
        NoteFate(asked, answer);
        on_answer(answer, asked);
      });
}

void Lease::MarkUnsure(const std::string& node) {
  Unsure& unsure = unsure_[node];
  unsure.since = Now();
  unsure.is_register |= is_registering_;
}

// What `node` says of the request, and so of the earlier ones, or doesn't say.
void Lease::NoteFate(const std::string& node,
                     const absl::StatusOr<Answer>& answer) {
  if (std::exchange(executing_, "").empty()) return;
  if (answer.ok()) {
    unsure_.erase(node);
  } else if (!base::IsUnsent(answer.status())) {
    MarkUnsure(node);
  }
}

std::string Lease::What(std::string_view verb) const {
  return absl::StrFormat("%s %s", verb, instance_.app_id);
}

// Ours must grow even when the clock is set back, and pass what is stored.
std::int64_t Lease::NextDirtyTimestamp() {
  const std::int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               loop_.clock().WallNow().time_since_epoch())
                               .count();
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (dirty_timestamp_ != kLargest) ++dirty_timestamp_;
  dirty_timestamp_ = std::max(now, dirty_timestamp_);
  return dirty_timestamp_;
}

// With other addresses it is most likely another program's, and the two will
// take turns for ever: whoever reads the log is to know what to do.
std::string Lease::DescribeDrift(const StoredInstance& stored) const {
  if (stored.addrs == accepted_->addrs || stored.addrs.empty()) {
    return "somebody else has changed it";
  }
  return absl::StrFormat(
      "somebody else has registered hostname %s, with %s: two programs must "
      "not "
      "share one (options.hostname, HOSTNAME)",
      instance_.hostname, stored.addrs.front());
}

// Whether `stored` can be what a node made of `instance_`: old ones keep only
// the first of several addresses.
bool Lease::IsOurs(const StoredInstance& stored) const {
  const bool has_only_ours = std::all_of(
      stored.addrs.begin(), stored.addrs.end(),
      [this](const std::string& addr) {
        return std::find(instance_.addrs.begin(), instance_.addrs.end(),
                         addr) != instance_.addrs.end();
      });
  return has_only_ours && !stored.addrs.empty() &&
         stored.version == instance_.version &&
         Contains(stored.metadata, instance_.metadata);
}

// Whether the node kept the first of several addresses.
bool Lease::IsCutShort(const StoredInstance& stored) const {
  return instance_.addrs.size() > 1 && stored.addrs.size() == 1 &&
         stored.addrs.front() == instance_.addrs.front();
}

// An operator changes status and metadata; what else differs, another program
// has registered.
bool Lease::IsSomebodyElses(const StoredInstance& stored) const {
  return accepted_ && (stored.addrs != accepted_->addrs ||
                       stored.version != accepted_->version);
}

// Compared with what the node accepted, not with what was sent, because no
// repetition would change what a node makes of it. Metadata that others add is
// theirs.
bool Lease::HasDrifted(const StoredInstance& stored) const {
  if (!accepted_) return false;
  if (IsSomebodyElses(stored)) return true;
  if (!Contains(stored.metadata, accepted_->metadata)) return true;
  return stored.status == Instance::Status::kUp &&
         accepted_->status == Instance::Status::kWaiting;
}

}  // namespace naming::discovery
