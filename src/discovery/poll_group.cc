// SPDX-License-Identifier: Apache-2.0

#include "discovery/poll_group.h"

#include <chrono>

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;

// Back-off between answers that come at once and bring nothing, at most a half
// shorter: never more than two polls a second.
constexpr milliseconds kFirstGap{1000};
constexpr milliseconds kMaxGap{1500};

// The same where the version is new and the list isn't, as when an Instance
// registers again, or one that takes no traffic: a real change may be next.
constexpr milliseconds kFirstQuickGap{100};

// What is refused with an HTTP error most likely stays so for long.
constexpr milliseconds kFirstFaultGap{1000};
constexpr milliseconds kMaxFaultGap{15000};

}  // namespace

std::int64_t PolledApp::VersionFor(std::string_view to_node,
                                   std::uint64_t to_epoch) const {
  return epoch == to_epoch && node == to_node ? version : 0;
}

PollGroup::PollGroup(std::uint64_t seed)
    : backoff(kFirstGap, kMaxGap, seed),
      quick_backoff(kFirstQuickGap, kMaxGap, seed),
      fault_backoff(kFirstFaultGap, kMaxFaultGap, seed) {}

void PollGroup::BeginAs(const PollGroup& from) {
  is_primed = from.is_primed;
  is_read = from.is_read;
  choice = from.choice;
  refused = from.refused;
  max_hold = from.max_hold;
  forms = from.forms;
  forms_alive_at = from.forms_alive_at;
  told_node = from.told_node;
  told_epoch = from.told_epoch;
  refresh_at = from.refresh_at;
}

void PollGroup::Add(PolledApp& app) {
  const std::string& app_id = app.topic->app_id();
  apps.emplace(app_id, &app);
  forms.Grow();
  text.Add(app_id, app.VersionFor(told_node, told_epoch));
}

void PollGroup::Remove(const PolledApp& app) {
  const std::string& app_id = app.topic->app_id();
  apps.erase(app_id);
  text.Remove(app_id);
}

void PollGroup::TellTo(const std::string& to_node, std::uint64_t to_epoch) {
  if (told_epoch == to_epoch && told_node == to_node) return;
  told_node = to_node;
  told_epoch = to_epoch;
  is_read = false;
  forms.Reset();
  for (const auto& [app_id, app] : apps) Tell(*app);
}

void PollGroup::Tell(const PolledApp& app) {
  text.SetVersion(app.topic->app_id(), app.VersionFor(told_node, told_epoch));
}

bool PollGroup::IsQuarantined() const {
  return apps.size() == 1 && apps.begin()->second->is_quarantined;
}

}  // namespace naming::discovery
