// SPDX-License-Identifier: Apache-2.0

#include "discovery/lease.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_mark.h"

namespace naming::discovery {
namespace {

// A register that a node ignored for the sake of newer data is repeated once
// with a timestamp above that; twice would be a quarrel between two programs.
constexpr int kRegisterAttempts = 2;

constexpr std::string_view kRegisterPath = "/discovery/register";

bool Contains(const std::map<std::string, std::string>& all,
              const std::map<std::string, std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

}  // namespace

Lease::Lease(base::Loop& loop, Requester& requester, Instance instance,
             std::chrono::milliseconds cancel_timeout)
    : loop_(loop),
      requester_(requester),
      instance_(std::move(instance)),
      removal_(loop, requester, choice_, cancel_timeout) {}

Lease::~Lease() { Abort(); }

void Lease::Put(const Instance& instance, Done done) {
  if (instance != instance_) is_held_back_ = false;
  instance_ = instance;
  accepted_.reset();
  was_sent_ = false;
  Register(std::nullopt, kRegisterAttempts, std::move(done));
}

void Lease::Refresh(Done done) {
  was_sent_ = false;
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
  was_sent_ = false;
  removal_.Begin(instance_,
                 [this, done = std::move(done)](absl::Status status) {
                   if (status.ok()) node_ = removal_.node();
                   done(std::move(status));
                 });
}

bool Lease::IsSent() const {
  return was_sent_ || requester_.MayBeSent(request_) || removal_.IsSent();
}

void Lease::Abort() {
  if (!executing_.empty() && requester_.MayBeSent(request_)) {
    removal_.MarkUnsure(executing_, is_registering_);
  }
  executing_.clear();
  requester_.Abort(std::exchange(request_, 0));
  loop_.CancelTimer(std::exchange(refusal_, 0));
  removal_.Abort();
}

void Lease::Register(std::optional<std::string> node, int attempts_left,
                     Done done) {
  Instance sent = instance_;
  if (is_held_back_) sent.status = Instance::Status::kWaiting;
  if (!node) node = choice_.Choose(requester_.nodes(), loop_.clock().Now());
  if (comma_nodes_.count(node.value_or("")) != 0) {
    sent.addrs = {absl::StrJoin(sent.addrs, ",")};
  }
  Post("register", kRegisterPath, RegisterForm(sent, NextDirtyTimestamp()),
       std::move(node),
       [this, attempts_left, done = std::move(done)](
           const absl::StatusOr<Answer>& answer, const std::string& asked) {
         if (!answer.ok()) return done(answer.status());
         absl::Status status = StatusOf(*answer);
         // What it took before it may hold all the same.
         if (!status.ok() && attempts_left < kRegisterAttempts) {
           status = absl::UnavailableError(std::string(status.message()));
         }
         if (!status.ok())
           return done(Describe(What("register"), asked, status));
         Verify(asked, attempts_left - 1, done);
       });
}

void Lease::Verify(const std::string& node, int attempts_left, Done done) {
  Post("verify", "/discovery/renew", InstanceKeyForm(instance_), node,
       [this, attempts_left, done = std::move(done)](
           const absl::StatusOr<Answer>& answer, const std::string& asked) {
         if (!answer.ok()) return done(answer.status());
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

// No `node`: the one whose turn it is.
void Lease::Post(std::string_view verb, std::string_view path,
                 std::string parameters, std::optional<std::string> node,
                 OnAnswer on_answer) {
  if (!node) node = choice_.Choose(requester_.nodes(), loop_.clock().Now());
  if (!node) {
    refusal_ = loop_.RunAfter(
        base::Clock::Duration::zero(),
        [this, what = What(verb), on_answer = std::move(on_answer)] {
          refusal_ = 0;
          on_answer(base::kUnsent.PutOn(requester_.NoNode(what)), "");
        });
    return;
  }
  Call call;
  call.what = What(verb);
  call.node = *node;
  call.method = net::HttpRequest::Method::kPost;
  call.path = path;
  call.parameters = std::move(parameters);
  call.tells_how = true;
  executing_ = *node;
  is_registering_ = path == kRegisterPath;
  request_ = requester_.Send(
      std::move(call), [this, asked = *node, on_answer = std::move(on_answer)](
                           const absl::StatusOr<Answer>& answer) {
        request_ = 0;
        NoteFate(asked, answer);
        if (answer.ok()) {
          node_ = asked;
          was_sent_ = true;
          return on_answer(answer, asked);
        }
        const bool is_refused_by_all = choice_.Note(
            requester_.nodes(), loop_.clock().Now(), asked, answer.status());
        absl::Status status = kRequestsFault.TakeOff(answer.status());
        was_sent_ |= !base::kUnsent.IsOn(status);
        // That this wasn't sent doesn't undo what was before.
        if (was_sent_) status = base::kUnsent.TakeOff(std::move(status));
        const auto delay = is_refused_by_all ? requester_.NextTurn()
                                             : base::Clock::Duration::zero();
        if (delay == base::Clock::Duration::zero()) {
          return on_answer(status, asked);
        }
        refusal_ = loop_.RunAfter(delay, [this, status, asked, on_answer] {
          refusal_ = 0;
          on_answer(status, asked);
        });
      });
}

// What `node` says of the request, and so of the earlier ones, or doesn't say.
void Lease::NoteFate(const std::string& node,
                     const absl::StatusOr<Answer>& answer) {
  executing_.clear();
  if (answer.ok()) {
    removal_.MarkSure(node);
  } else if (!base::kUnsent.IsOn(answer.status())) {
    removal_.MarkUnsure(node, is_registering_);
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
