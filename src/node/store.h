// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_STORE_H_
#define NAMING_NODE_STORE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "node/quirks.h"

namespace naming::node {

// Bits of an instance's status, and of the masks that select by it.
inline constexpr std::uint32_t kStatusUp = 1;
inline constexpr std::uint32_t kStatusWaiting = 2;

// How long an instance that doesn't renew is kept at most, whatever the others
// do.
inline constexpr std::chrono::hours kLongestSilence{1};

// Returns the time of day as timestamps on the wire give it.
std::int64_t UnixNanos(const base::Clock& clock);

// Returns the next larger timestamp. They come from clients too, up to the
// largest, which has none and is returned itself.
std::int64_t Successor(std::int64_t timestamp);

using Metadata = std::map<std::string, std::string>;

// An instance as a node holds it. Timestamps are nanoseconds since the epoch.
struct StoredInstance {
  std::string region;
  std::string zone;
  std::string env;
  std::string app_id;
  std::string hostname;
  std::vector<std::string> addrs;
  std::string version;
  std::optional<Metadata> metadata;  // fetch/all tells none from an empty one.
  std::uint32_t status = 0;
  std::int64_t reg_timestamp = 0;
  std::int64_t up_timestamp = 0;
  std::int64_t renew_timestamp = 0;
  std::int64_t dirty_timestamp = 0;
  std::int64_t latest_timestamp = 0;

  // When it was registered or renewed: what expiry goes by, because the time of
  // day may jump.
  base::Clock::TimePoint renewed_at;
};

// Names an application. Unlike in the real server, which joins the two with a
// '-', no two applications share a name.
struct AppKey {
  std::string env;
  std::string app_id;
};

inline bool operator<(const AppKey& a, const AppKey& b) {
  return std::tie(a.env, a.app_id) < std::tie(b.env, b.app_id);
}

inline bool operator==(const AppKey& a, const AppKey& b) {
  return a.env == b.env && a.app_id == b.app_id;
}

// How the clients of each zone are to spread over zones, as JSON for them.
using Schedulers = std::map<AppKey, std::string>;

struct InstanceKey {
  AppKey app;
  std::string zone;
  std::string hostname;
};

inline bool operator<(const InstanceKey& a, const InstanceKey& b) {
  return std::tie(a.app, a.zone, a.hostname) <
         std::tie(b.app, b.zone, b.hostname);
}

inline bool operator==(const InstanceKey& a, const InstanceKey& b) {
  return a.app == b.app && a.zone == b.zone && a.hostname == b.hostname;
}

inline InstanceKey KeyOf(const StoredInstance& instance) {
  return {{instance.env, instance.app_id}, instance.zone, instance.hostname};
}

// A registration: the fields of `instance` but for its timestamps, which the
// Store sets.
struct RegisterRequest {
  StoredInstance instance;
  std::int64_t dirty_timestamp = 0;  // 0: the registrant gave none.
  bool is_replica = false;           // Another node passes it on.
};

// What a metadata parameter of /set does.
struct MetadataChange {
  enum class Kind { kNone, kMerge, kClear };
  Kind kind = Kind::kNone;
  Metadata values;      // Of kMerge.
  bool is_bad = false;  // After it is done, the request fails.
};

struct InstanceChange {
  std::string hostname;
  std::optional<std::uint32_t> status;
  MetadataChange metadata;
};

struct SetOutcome {
  bool is_ok = false;        // Every change was made.
  bool has_changed = false;  // Some change was, even if not every one.
};

// What fetch and poll show of an application. Valid until the Store changes.
struct AppView {
  // By zone. A zone of which the mask selects nothing is there, empty.
  std::map<std::string_view, std::vector<const StoredInstance*>> zones;
  std::string_view scheduler;  // JSON; empty: there is none.
  std::int64_t revision = 0;
};

struct PollView {
  bool is_missing = false;      // No such application, or not in that zone.
  std::optional<AppView> news;  // What is newer than the poller knows.
};

struct RenewOutcome {
  bool has_zone = false;                     // The application is in the zone.
  const StoredInstance* instance = nullptr;  // Null: unknown.
};

// The state of a node, by the rules of the discovery protocol. No I/O.
//
// An application has a revision, its latest_timestamp on the wire, which only
// ever grows: a change makes it the change's time, or one more than it was. The
// name of an application whose last instance went is kept for a while with its
// revision, so that a poller that was away learns of the end too.
//
// Thread-compatible. Views and pointers that it returns are valid until it is
// next changed.
class Store final {
 public:
  // `clock` outlives the Store.
  explicit Store(const base::Clock& clock, Quirks quirks = {})
      : clock_(clock), quirks_(quirks) {}
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  enum class RegisterOutcome {
    kAdded,
    kReplaced,
    kIgnored,
    kDropped,  // Ignored, though the revision has grown.
  };

  // Takes a registration, keeping the up_timestamp of the one it replaces.
  //
  // Where the stored instance has a newer dirty_timestamp, a replica is older
  // news and ignored. A registrant knows best what it is, even if its clock or
  // that of an earlier node runs behind: its data are taken, with a
  // dirty_timestamp above the stored one, so that they win on every node. (The
  // real server answers 0 and drops them: Quirk::kIgnoredDirty.)
  RegisterOutcome Register(RegisterRequest request);

  // Takes an instance as another node or an earlier run has it: with its
  // timestamps, and as long silent as it says. Ignored when the stored one's
  // dirty_timestamp is newer; when they are equal, the stored one stays, and
  // was renewed when either was.
  RegisterOutcome Adopt(StoredInstance instance);

  // Returns an instance; null: there is none of that name.
  const StoredInstance* Get(const InstanceKey& key) const;

  // Notes a sign of life.
  RenewOutcome Renew(const InstanceKey& key);

  // Removes an instance; the revision becomes one more, or `latest_timestamp`
  // when that is larger. Returns whether there was one.
  bool Cancel(const InstanceKey& key, std::int64_t latest_timestamp);

  // Changes instances of one application and zone, in order, up to the first
  // change that can't be made. `timestamp` 0: now.
  SetOutcome Set(const AppKey& app, const std::string& zone,
                 const std::vector<InstanceChange>& changes,
                 std::int64_t timestamp);

  // From now on, these are shown with their applications. Raises no revision.
  void SetSchedulers(Schedulers schedulers);

  // Returns what `status_mask` selects in `zone`, or in all when that is empty.
  // nullopt: no such application. Without such a zone, no zone is shown.
  std::optional<AppView> Fetch(const AppKey& app, std::string_view zone,
                               std::uint32_t status_mask) const;

  // Returns what a poller must know that was last told of the revision `since`;
  // 0 or less: of none.
  PollView Poll(const AppKey& app, std::string_view zone,
                std::int64_t since) const;

  // Returns what a poller is told when the application changes, or ends.
  AppView View(const AppKey& app, std::string_view zone) const;

  // Calls `visit` with every instance.
  void ForEach(const std::function<void(const StoredInstance&)>& visit) const;

  // Returns the number of instances.
  std::size_t size() const { return size_; }

  // Forgets the names of applications that ended longer ago than `age`.
  void ForgetEnded(base::Clock::Duration age);

 private:
  using Instances = std::map<std::string, StoredInstance, std::less<>>;

  struct App {
    std::map<std::string, Instances, std::less<>> zones;  // None is empty.
    std::int64_t revision = 0;
    base::Clock::TimePoint ended_at;  // Of an App without a zone.
  };

  void Grow(App& app, std::int64_t timestamp) const;
  StoredInstance* Find(const InstanceKey& key);
  void Put(StoredInstance instance, std::int64_t now);
  bool Apply(const InstanceChange& change, std::int64_t timestamp,
             StoredInstance& instance);

  const base::Clock& clock_;
  const Quirks quirks_;
  std::map<AppKey, App> apps_;
  Schedulers schedulers_;
  std::size_t size_ = 0;
};

}  // namespace naming::node

#endif  // NAMING_NODE_STORE_H_
