// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_REPLICATOR_H_
#define NAMING_NODE_REPLICATOR_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/loop.h"
#include "naming/log.h"
#include "net/http_client.h"
#include "node/answers.h"
#include "node/arguments.h"
#include "node/directory.h"
#include "node/peers.h"

namespace naming::node {

// Who sent a write, as its parameters say.
struct Origin {
  bool is_replica = false;    // A node of this zone: it tells all others.
  bool is_from_zone = false;  // A node of another zone, unless it's a replica.
};

// A write to be passed on.
struct Write {
  enum class Kind { kRegister, kRenew, kCancel, kSet };

  static Write Register(const InstanceKey& key);
  static Write Renew(const InstanceKey& key);
  static Write Cancel(const InstanceKey& key, std::int64_t latest_timestamp);
  static Write Set(const SetArguments& arguments);

  Kind kind;
  InstanceKey key;   // The hostname of a set is empty.
  std::string form;  // Of cancel and set. The others tell what is stored.
};

// Where the real server errs; each is off unless asked for.
struct ReplicationFaults {
  bool joined_addrs = false;    // Replicas get all addresses as one.
  bool hanging_writes = false;  // Each write waits for a peer that hangs, as
                                // long as it may.
  bool home_zone_only = false;  // A renew or cancel of another zone's instance
                                // isn't passed on to that zone.
};

struct ReplicatorOptions {
  std::vector<std::string> nodes;
  std::map<std::string, std::vector<std::string>> zones;
  ReplicationFaults faults;
  std::uint32_t seed = 0;
  LogSink log_sink;
};

// Keeps a node and its peers equal: passes writes on, mends what their answers
// to renewals show to differ, and compares everything with a peer at the start
// and when one that was lost answers again.
//
// There is no queue: what a lost peer missed, it gets when it is back.
//
// Used on the loop's thread only, or before that loop runs and after it ended.
class Replicator final {
 public:
  using Done = std::function<void()>;

  // All outlive the Replicator.
  Replicator(base::Loop& loop, net::HttpClient& http, Directory& directory,
             ReplicatorOptions options);
  ~Replicator();
  Replicator(const Replicator&) = delete;
  Replicator& operator=(const Replicator&) = delete;

  // Asks peers for what they hold, and tells them of this node.
  void Start();

  // Passes `write`, which this node has carried out, on to every other node of
  // the zone and to one of each other zone that takes it, as far as `origin`
  // doesn't say that somebody else does. Returns whether there is anything to
  // wait for; then `done` is called, not from within: when all have answered,
  // or when `budget`, the rest of the client's time limit, or a second is over.
  bool Pass(const Write& write, const Origin& origin,
            std::chrono::milliseconds budget, Done done);

  // Takes this node's own entry away from the peers; as Pass().
  bool Leave(Done done);

  // To be called with the Directory's events.
  void OnChange(const AppKey& app);
  void OnSelfRenewed();

  // Returns whether a peer has answered fetch/all.
  bool has_synced() const { return has_synced_; }

  // Returns the nodes of the own zone, this one first.
  std::vector<NodeEntry> Nodes() const;

 private:
  struct Round;
  struct Push;

  // Called with whether the peer has got a write.
  using Told = std::function<void(bool)>;

  bool GoesAbroad(const Write& write, const Origin& origin) const;
  std::chrono::milliseconds Patience(std::chrono::milliseconds budget) const;
  std::chrono::milliseconds ExchangeTimeout(
      std::chrono::milliseconds budget) const;
  std::string FormOf(const Write& write) const;
  void TellAny(std::vector<std::string> addresses, const Write& write,
               std::chrono::milliseconds timeout, Done done);
  void Tell(const std::string& address, const Write& write,
            std::chrono::milliseconds timeout, Told told);
  void LogRefusal(const std::string& address, const Write& write,
                  const absl::Status& status);
  void Mend(const std::string& address, const Write& write,
            const PeerAnswer& answer, std::chrono::milliseconds timeout,
            Told told);

  void OnAll(const std::string& address, std::vector<StoredInstance> theirs);
  bool IsAlive(const StoredInstance& instance) const;
  void PushNext(const std::shared_ptr<Push>& push);
  void FollowRegistry();

  base::Loop& loop_;
  Directory& directory_;
  const ReplicatorOptions options_;
  Peers peers_;
  std::minstd_rand random_;
  bool has_synced_ = false;
  std::map<std::uint64_t, std::shared_ptr<Round>> rounds_;
  std::uint64_t last_round_ = 0;
};

}  // namespace naming::node

#endif  // NAMING_NODE_REPLICATOR_H_
