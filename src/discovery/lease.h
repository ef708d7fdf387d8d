// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_LEASE_H_
#define NAMING_DISCOVERY_LEASE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/loop.h"
#include "core/keeper.h"
#include "discovery/node_choice.h"
#include "discovery/protocol.h"
#include "discovery/removal.h"
#include "discovery/requester.h"
#include "naming/instance.h"

namespace naming::discovery {

// One registration with discovery nodes: register, renew and cancel.
//
// A node answers a register with success even when it ignores it, because it
// holds data of a larger dirty_timestamp (C-09). So a put is a register and a
// renew, whose answer shows what the node holds, and every later renew is
// compared with that: what somebody else changed is put again. What somebody
// else set to waiting stays so until the program updates its Instance.
//
// Lives on the renewing loop.
class Lease final : public core::Lease {
 public:
  // `loop` and `requester` outlive it. `cancel_timeout`: how long whoever
  // cancels waits; zero: a cancel may take as long as any request.
  Lease(base::Loop& loop, Requester& requester, Instance instance,
        std::chrono::milliseconds cancel_timeout =
            std::chrono::milliseconds::zero());
  ~Lease() override;

  void Put(const Instance& instance, Done done) override;
  void Refresh(Done done) override;
  void Remove(Done done) override;
  bool IsSent() const override;
  void Abort() override;
  std::string node() const override { return node_; }

 private:
  // Gets the answer, or why there is none, with a complete message.
  using OnAnswer = std::function<void(const absl::StatusOr<Answer>&,
                                      const std::string& node)>;

  void Register(std::optional<std::string> node, int attempts_left, Done done);
  void Verify(const std::string& node, int attempts_left, Done done);
  bool IsCutShort(const StoredInstance& stored) const;
  void NoteFate(const std::string& node, const absl::StatusOr<Answer>& answer);
  void Post(std::string_view verb, std::string_view path,
            std::string parameters, std::optional<std::string> node,
            OnAnswer on_answer);
  std::string What(std::string_view verb) const;
  std::int64_t NextDirtyTimestamp();
  bool IsOurs(const StoredInstance& stored) const;
  bool IsSomebodyElses(const StoredInstance& stored) const;
  bool HasDrifted(const StoredInstance& stored) const;
  std::string DescribeDrift(const StoredInstance& stored) const;

  base::Loop& loop_;
  Requester& requester_;
  NodeChoice choice_;
  Instance instance_;  // As it was put last.
  std::int64_t dirty_timestamp_ = 0;
  std::string node_;  // The one that answered last.

  // What a node made of `instance_`; nothing when it doesn't tell.
  std::optional<StoredInstance> accepted_;

  // Somebody else has set it to waiting.
  bool is_held_back_ = false;

  // The node that is asked to register or renew; empty: none.
  std::string executing_;
  bool is_registering_ = false;
  bool was_sent_ = false;  // Of the operation under way, what came before.
  Removal removal_;

  // Nodes that take one text with commas for a list, and of a repeated value
  // the first alone, as v1.1.1 does (A.14).
  std::set<std::string> comma_nodes_;

  Requester::RequestId request_ = 0;
  base::Loop::TimerId refusal_ = 0;
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_LEASE_H_
