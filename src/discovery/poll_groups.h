// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_POLL_GROUPS_H_
#define NAMING_DISCOVERY_POLL_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/topic.h"
#include "discovery/poll_group.h"

namespace naming::discovery {

struct PollGroupsOptions {
  // Bounds of one group.
  std::size_t max_apps = 64;
  std::size_t max_bytes = 4096;  // Of its applications in a request line.
};

// The applications that a Poller follows, and which of them are asked for
// together.
//
// Lives on the polling loop.
class PollGroups final {
 public:
  PollGroups(PollGroupsOptions options, std::uint64_t seed);

  // --- Applications ---

  // Adds the application, in no group yet. One of that name that nobody uses
  // any more is replaced: its group must have let it go.
  void Follow(std::shared_ptr<core::Topic> topic);

  // Removes it, from its group as well.
  void Unfollow(PolledApp& app);

  // Returns the application; null: nobody follows it.
  PolledApp* Find(std::string_view app_id);

  // The only way in which a version changes: the text of its group follows.
  void SetVersion(PolledApp& app, std::int64_t version);

  void SetQuarantined(PolledApp& app, bool is_quarantined);

  // --- Groups ---

  PollGroup& at(PollGroupId id) { return groups_.at(id); }

  // Makes groups of applications that are in none; of names that nobody follows
  // nothing comes.
  std::vector<PollGroupId> Form(const std::vector<std::string>& app_ids);

  // Notes that the group's first fetchs has been answered.
  void SetPrimed(PollGroup& group);

  void SetRefused(PollGroup& group, Refused refused);

  // Moves a half of the group's applications to a new one, and returns that.
  PollGroupId Split(PollGroupId id);

  // Moves the application to a new group, and returns that.
  PollGroupId SetApart(PolledApp& app);

  // Takes in smaller groups while there is room and nothing is refused. Returns
  // those, which are empty now.
  std::vector<PollGroupId> TakeInOthers(PollGroupId id);

  void Erase(PollGroupId id) { groups_.erase(id); }

 private:
  PollGroupId New();
  void AddTo(PollGroupId id, PolledApp& app);
  void Remove(PolledApp& app);
  bool HasRoom(const PollGroup& group, std::size_t apps,
               std::size_t bytes) const;

  const PollGroupsOptions options_;
  const std::uint64_t seed_;
  std::map<std::string, PolledApp, std::less<>> apps_;  // By app_id.
  std::map<PollGroupId, PollGroup> groups_;
  PollGroupId last_ = 0;

  // Of what decides which groups may be joined, so that all of them are looked
  // at only then.
  std::uint64_t changes_ = 0;
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_POLL_GROUPS_H_
