// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_REMOVAL_H_
#define NAMING_DISCOVERY_REMOVAL_H_

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "core/keeper.h"
#include "discovery/node_choice.h"
#include "discovery/protocol.h"
#include "discovery/requester.h"
#include "naming/instance.h"

namespace naming::discovery {

// Cancels an Instance so that no node brings it back (C-43).
//
// A node that hangs executes a register or a renewal when it comes to itself,
// though the Instance was cancelled elsewhere meanwhile, and then others hold
// it again. So the removal asks such nodes too, and isn't done before they have
// answered; then it cancels once more what they may have spread.
//
// Lives on the renewing loop.
class Removal final {
 public:
  using Done = core::Lease::Done;

  // `loop`, `requester` and `choice` outlive it. `cancel_timeout`: how long
  // whoever cancels waits; zero: a cancel may take as long as any request.
  Removal(base::Loop& loop, Requester& requester, NodeChoice& choice,
          std::chrono::milliseconds cancel_timeout);
  ~Removal();

  // Notes that `node` was sent a register, or a renewal, and hasn't said what
  // came of it: it may execute it any time.
  void MarkUnsure(const std::string& node, bool is_register);

  // Notes that `node` has answered what it was sent after that.
  void MarkSure(const std::string& node) { unsure_.erase(node); }

  // Makes one attempt. What a failed one leaves the next one takes up.
  void Begin(const Instance& instance, Done done);
  bool IsSent() const { return requester_.MayBeSent(request_); }
  void Abort();

  // Returns the node that has executed the last attempt; empty: none has.
  const std::string& node() const { return removed_at_; }

 private:
  // A write whose outcome isn't known.
  struct Unsure {
    base::Clock::TimePoint since;  // That isn't known.
    bool is_register = false;      // A renewal otherwise.
  };

  using OnStatus = std::function<void(absl::Status)>;

  void ForgetUnsure();
  void AskUnsure(const std::string& but);
  void OnRemoved(const std::string& node, absl::Status status);
  void FinishIfSure();
  absl::Status StillUnsure() const;
  void CancelOnceMore();
  void FinishLastCancels();
  Call MakeCancel(const std::string& node) const;
  Requester::RequestId Cancel(Call call, OnStatus done);
  Requester::RequestId CancelLast(const std::string& node, OnStatus done);
  void EndWith(absl::Status status);
  void AbortBehind();

  base::Loop& loop_;
  Requester& requester_;
  NodeChoice& choice_;                        // For the Instance.
  const std::chrono::milliseconds patience_;  // For one cancel.

  std::map<std::string, Unsure> unsure_;  // By node.
  std::set<std::string> woken_;  // Of these, which have come to themselves.

  // The attempt under way.
  std::string what_;  // Begins messages: "cancel main.account".
  std::string form_;  // What a cancel has for parameters.
  Done done_;
  std::string removed_at_;  // The node that has executed it.
  Requester::RequestId request_ = 0;
  std::map<std::string, Requester::RequestId> behind_;  // To other nodes.
  base::Loop::TimerId timer_ = 0;
  absl::Status last_status_;  // Of the last cancel.
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_REMOVAL_H_
