// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_POLL_GROUP_H_
#define NAMING_DISCOVERY_POLL_GROUP_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/loop.h"
#include "core/topic.h"
#include "discovery/form_finder.h"
#include "discovery/node_choice.h"
#include "discovery/poll_text.h"
#include "discovery/requester.h"

namespace naming::discovery {

using PollGroupId = std::uint64_t;

// An application that a Poller follows.
struct PolledApp {
  // Returns the version to tell `to_node`, which is at `to_epoch`: another
  // node's means nothing (C-10).
  std::int64_t VersionFor(std::string_view to_node,
                          std::uint64_t to_epoch) const;

  std::shared_ptr<core::Topic> topic;
  PollGroupId group = 0;  // 0 while it waits to begin.

  // What `node` said last. Changed by PollGroups::SetVersion() alone.
  std::int64_t version = 0;
  std::string node;
  std::uint64_t epoch = 0;     // Nodes::Epoch() then.
  std::uint64_t alive_at = 0;  // As in net::HttpResponse.

  // Its requests fail when it is alone: it stays alone.
  bool is_quarantined = false;
};

// What of a group's requests nodes refuse.
enum class Refused { kNothing, kPolls, kFetches };

// Applications that a Poller asks for with one request.
//
// Lives on the polling loop.
struct PollGroup {
  explicit PollGroup(std::uint64_t seed);

  // Takes over what was asked for the applications of `from`, and where.
  void BeginAs(const PollGroup& from);

  // `app` outlives its being there.
  void Add(PolledApp& app);
  void Remove(const PolledApp& app);

  // Makes `text` what is to be told to `to_node`, which is at `to_epoch`. It
  // stays that, because whatever changes an application calls Tell(). Another
  // node or epoch than before has to be read anew.
  void TellTo(const std::string& to_node, std::uint64_t to_epoch);
  void Tell(const PolledApp& app);

  bool IsQuarantined() const;

  // Whether a fetchs is to tell how the node reads several applications.
  bool IsFormDue() const { return apps.size() > 1 && !forms.is_settled(); }

  std::map<std::string, PolledApp*, std::less<>> apps;  // By app_id.
  PollText text;                                        // Of `apps`.
  FormFinder forms;                  // Of the node that is told.
  std::uint64_t forms_alive_at = 0;  // As in net::HttpResponse.
  bool is_primed = false;            // Its first fetchs has been answered.
  std::size_t asked = 0;             // How often, until that has come about.
  // An application may have become empty: that is asked for before all else.
  bool is_in_doubt = false;
  bool is_read = false;  // By a fetchs of the node that is told.
  NodeChoice choice;
  // That all nodes refuse with what is no answer; it stays by itself until they
  // do so no more.
  Refused refused = Refused::kNothing;
  // What stands before nodes may end polls that are held for longer.
  std::chrono::milliseconds max_hold = std::chrono::milliseconds::max();
  base::Clock::TimePoint refresh_at{};
  Requester::RequestId request = 0;
  base::Loop::TimerId timer = 0;
  base::Backoff backoff;        // Between answers that bring nothing.
  base::Backoff quick_backoff;  // That bring a version and nothing else.
  base::Backoff fault_backoff;  // Between requests that every node refuses.

  // PollGroups' count of changes when it last looked for others to take in.
  std::uint64_t looked_at = 0;

  // Whose versions `text` has.
  std::string told_node;
  std::uint64_t told_epoch = 0;
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_POLL_GROUP_H_
