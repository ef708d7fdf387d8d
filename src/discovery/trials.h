// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_TRIALS_H_
#define NAMING_DISCOVERY_TRIALS_H_

#include <map>
#include <set>
#include <string>

#include "discovery/poll_group.h"

namespace naming::discovery {

// Requests to nodes that haven't answered yet. Nobody knows whether such a node
// hangs: it gets a few, and the rest when one of these has ended (C-35).
//
// Lives on the polling loop.
class Trials final {
 public:
  // Returns whether the request of `group` may be sent to `node`, to which it
  // is one of the few then; if not, the group is held up.
  bool Begin(PollGroupId group, const std::string& node);

  // The request of `group` has ended, if it was a trial. Returns the groups
  // that were held up until then.
  std::set<PollGroupId> End(PollGroupId group);

  // `group` is no longer held up.
  void Forget(PollGroupId group) { held_up_.erase(group); }

 private:
  std::map<PollGroupId, std::string> nodes_;  // Of the trials under way.
  std::set<PollGroupId> held_up_;
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_TRIALS_H_
