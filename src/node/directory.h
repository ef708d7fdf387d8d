// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_DIRECTORY_H_
#define NAMING_NODE_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "naming/log.h"
#include "node/lease_sweeper.h"
#include "node/message.h"
#include "node/pollers.h"
#include "node/quirks.h"
#include "node/scheduler_files.h"
#include "node/shared_pollers.h"
#include "node/store.h"
#include "node/tombstones.h"

namespace naming::node {

// The application that every node registers itself as.
inline constexpr std::string_view kSelfAppId = "infra.discovery";

// What a node knows of itself.
struct NodeIdentity {
  std::string region;
  std::string zone;
  std::string env;
  std::string hostname;
  std::string address;                            // "host:port"
  std::vector<std::string> other_addresses = {};  // Each names it too.
};

// What a Directory tells the rest of the node. Each may be empty.
struct DirectoryEvents {
  // An application has changed. The Directory isn't to be changed from within.
  std::function<void(const AppKey&)> on_change;

  // The node has renewed itself.
  std::function<void()> on_self_renewed;
};

// What a node holds, and its life: it tells pollers of changes, lets leases run
// out, and keeps the node itself registered as infra.discovery.
//
// Used on the loop's thread only, or before that loop runs and after it ended.
class Directory final {
 public:
  // `loop` outlives the Directory. `seed` makes its random choices. `reply` is
  // called with the answer to a held poll.
  Directory(base::Loop& loop, NodeIdentity self, std::uint32_t seed,
            LogSink log_sink, Pollers::Reply reply, Quirks quirks = {});
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const NodeIdentity& self() const { return self_; }
  const Store& store() const { return store_; }
  Quirks quirks() const { return quirks_; }
  const base::Clock& clock() const { return loop_.clock(); }
  InstanceKey self_key() const;

  void SetEvents(DirectoryEvents events) { events_ = std::move(events); }

  // From now on what was cancelled is remembered for a while, so that peers
  // that missed it don't bring it back.
  void RememberCancels() { remembers_cancels_ = true; }

  // Returns what has been cancelled lately.
  const Tombstones& cancelled() const { return cancelled_; }

  // These do what the Store's functions of that name do, tell the pollers, and
  // count for the leases.
  void Register(RegisterRequest request);
  Store::RegisterOutcome Adopt(StoredInstance instance);
  RenewOutcome Renew(const InstanceKey& key);
  bool Cancel(const InstanceKey& key, std::int64_t latest_timestamp);
  SetOutcome Set(const AppKey& app, const std::string& zone,
                 const std::vector<InstanceChange>& changes,
                 std::int64_t timestamp);

  // Takes what the files of schedulers hold, and logs which are malformed.
  void SetSchedulers(SchedulerFiles files);

  // Ends the leases of the instances of `app_id` that have that hostname, in
  // every env and zone. Returns their number.
  int Evict(std::string_view app_id, std::string_view hostname);

  // Holds a poll until there is a change, or for at most `hold`.
  void Hold(Waiter waiter, base::Clock::Duration hold);

  // Forgets a held poll, whose client has gone. Shared channels aren't told.
  void Drop(RequestId id) { pollers_.Remove(id); }

  // Returns the number of polls that are held.
  std::size_t held() const { return pollers_.size() + shared_pollers_.size(); }

 private:
  // Tells the pollers of `app` that it has changed.
  void Announce(const AppKey& app);

  void RegisterSelf();
  void RenewSelf();
  void Sweep();
  void Recount();
  // Returns whether a registration is older news than its cancellation. One by
  // the registrant itself never is; it is made newer.
  bool IsCancelled(RegisterRequest& request);
  void Log(LogLevel level, std::string message);

  base::Loop& loop_;
  const NodeIdentity self_;
  const LogSink log_sink_;
  const Quirks quirks_;
  Store store_;
  LeaseSweeper sweeper_;
  Pollers pollers_;
  SharedPollers shared_pollers_;  // In its place, by quirk.
  DirectoryEvents events_;
  bool remembers_cancels_ = false;
  Tombstones cancelled_;
  bool was_preserving_ = false;
  base::Loop::TimerId renew_timer_ = 0;
  base::Loop::TimerId sweep_timer_ = 0;
  base::Loop::TimerId recount_timer_ = 0;
};

}  // namespace naming::node

#endif  // NAMING_NODE_DIRECTORY_H_
