// SPDX-License-Identifier: Apache-2.0

#include "discovery/removal.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_mark.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;

// What was under way may take half of a cancellation's time; then there is time
// for a node that hangs and for another one, back-off included.
constexpr int kCancelAttempts = 3;

// A node that comes to itself executes the renewal that it was sent as well as
// the cancel, in any order, and tells the others of an instance that they no
// longer know. So long after its answer they have heard of it. With what was
// under way before, and a cancel that is slow, it's no more than a cancellation
// may take in all.
constexpr milliseconds kSpreadTime{100};

// A node executes a cancel at once, though it may wait for others before it
// answers: nobody waits longer for the answer to the last one.
constexpr milliseconds kLastPatience{200};

// A node that wakes later than that is most likely dead.
constexpr std::chrono::minutes kUnsureFor{5};

}  // namespace

Removal::Removal(base::Loop& loop, Requester& requester, NodeChoice& choice,
                 milliseconds cancel_timeout)
    : loop_(loop),
      requester_(requester),
      choice_(choice),
      patience_(cancel_timeout / kCancelAttempts) {}

Removal::~Removal() { Abort(); }

void Removal::MarkUnsure(const std::string& node, bool is_register) {
  Unsure& unsure = unsure_[node];
  unsure.since = loop_.clock().Now();
  unsure.is_register |= is_register;
}

void Removal::ForgetUnsure() {
  const std::vector<std::string> all = requester_.nodes().All();
  const auto now = loop_.clock().Now();
  for (auto it = unsure_.begin(); it != unsure_.end();) {
    const bool is_a_node =
        std::find(all.begin(), all.end(), it->first) != all.end();
    const bool is_recent = now - it->second.since < kUnsureFor;
    it = is_a_node && is_recent ? std::next(it) : unsure_.erase(it);
  }
}

void Removal::Begin(const Instance& instance, Done done) {
  what_ = absl::StrFormat("cancel %s", instance.app_id);
  form_ = InstanceKeyForm(instance);
  done_ = std::move(done);
  removed_at_.clear();
  ForgetUnsure();
  auto chosen = choice_.Choose(requester_.nodes(), loop_.clock().Now());
  if (!chosen && !unsure_.empty()) chosen = unsure_.begin()->first;
  if (!chosen) {
    timer_ = loop_.RunAfter(milliseconds::zero(), [this] {
      timer_ = 0;
      EndWith(requester_.NoNode(what_));
    });
    return;
  }
  AskUnsure(*chosen);
  request_ =
      Cancel(MakeCancel(*chosen), [this, node = *chosen](absl::Status status) {
        request_ = 0;
        OnRemoved(node, std::move(status));
      });
}

// Behind a register waits a cancel, whatever becomes of this program. But when
// it wakes late that hits whoever has registered the hostname anew, so that
// behind a renewal, which is much more frequent, a harmless question waits.
void Removal::AskUnsure(const std::string& but) {
  for (const auto& [name, unsure] : unsure_) {
    if (name == but) continue;
    Call call = MakeCancel(name);
    if (!unsure.is_register) {
      call.method = net::HttpRequest::Method::kGet;
      call.path = "/discovery/nodes";
      call.parameters.clear();
    }
    behind_[name] = requester_.Send(
        std::move(call),
        [this, node = name](const absl::StatusOr<Answer>& answer) {
          behind_.erase(node);
          if (!absl::IsDeadlineExceeded(answer.status())) {
            unsure_.erase(node);
            if (!base::kUnsent.IsOn(answer.status())) woken_.insert(node);
          }
          FinishIfSure();
        });
  }
}

void Removal::OnRemoved(const std::string& node, absl::Status status) {
  if (!status.ok()) return EndWith(std::move(status));
  if (unsure_.erase(node) > 0) woken_.insert(node);
  removed_at_ = node;
  FinishIfSure();
}

// Ends the attempt once a node has executed it and nothing can undo that.
void Removal::FinishIfSure() {
  if (removed_at_.empty() || !behind_.empty()) return;
  if (!unsure_.empty()) return EndWith(StillUnsure());
  if (woken_.empty()) return EndWith(absl::OkStatus());
  timer_ = loop_.RunAfter(kSpreadTime, [this] {
    timer_ = 0;
    CancelOnceMore();
  });
}

absl::Status Removal::StillUnsure() const {
  const auto& [node, unsure] = *unsure_.begin();
  return Describe(
      what_, node,
      absl::DeadlineExceededError(absl::StrFormat(
          "%s has done it, but this one was sent a %s before, which it may yet "
          "execute",
          removed_at_, unsure.is_register ? "register" : "renewal")));
}

// Where it was removed, for what was spread there since, and where it may have
// been put again.
void Removal::CancelOnceMore() {
  last_status_ = absl::OkStatus();
  for (const std::string& node : woken_) {
    if (node == removed_at_) continue;
    behind_[node] = CancelLast(node, [this, node](const absl::Status&) {
      behind_.erase(node);
      FinishLastCancels();
    });
  }
  request_ = CancelLast(removed_at_, [this](absl::Status status) {
    request_ = 0;
    last_status_ = std::move(status);
    FinishLastCancels();
  });
}

void Removal::FinishLastCancels() {
  if (request_ != 0 || !behind_.empty()) return;
  if (last_status_.ok()) woken_.clear();
  EndWith(last_status_);
}

// A node that waits for a peer answers when it must, and whoever cancels isn't
// to have given up by then. Nor is it to wait behind requests that take longer.
Call Removal::MakeCancel(const std::string& node) const {
  Call call;
  call.what = what_;
  call.node = node;
  call.method = net::HttpRequest::Method::kPost;
  call.path = "/discovery/cancel";
  call.parameters = form_;
  call.patience = patience_;
  call.passes_line = true;
  call.tells_how = true;
  return call;
}

// `done` gets OK as well where the Instance wasn't there.
Requester::RequestId Removal::Cancel(Call call, OnStatus done) {
  const std::string node = call.node;
  return requester_.Send(
      std::move(call), [this, node, done = std::move(done)](
                           const absl::StatusOr<Answer>& answer) {
        if (!answer.ok()) {
          choice_.Note(requester_.nodes(), loop_.clock().Now(), node,
                       answer.status());
          return done(
              kRequestsFault.TakeOff(base::kUnsent.TakeOff(answer.status())));
        }
        const absl::Status status = StatusOf(*answer);
        done(absl::IsNotFound(status) ? absl::OkStatus()
                                      : Describe(what_, node, status));
      });
}

Requester::RequestId Removal::CancelLast(const std::string& node,
                                         OnStatus done) {
  Call call = MakeCancel(node);
  call.patience = kLastPatience;
  return Cancel(
      std::move(call), [done = std::move(done)](const absl::Status& status) {
        done(absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status);
      });
}

// When the attempt fails the next one asks the nodes that are still unsure once
// more.
void Removal::EndWith(absl::Status status) {
  AbortBehind();
  std::exchange(done_, nullptr)(std::move(status));
}

void Removal::AbortBehind() {
  for (const auto& [node, id] : std::exchange(behind_, {})) {
    requester_.Abort(id);
  }
}

void Removal::Abort() {
  requester_.Abort(std::exchange(request_, 0));
  AbortBehind();
  loop_.CancelTimer(std::exchange(timer_, 0));
}

}  // namespace naming::discovery
