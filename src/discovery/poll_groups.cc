// SPDX-License-Identifier: Apache-2.0

#include "discovery/poll_groups.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace naming::discovery {
namespace {

bool IsApart(const PollGroup& group) {
  return group.IsQuarantined() || group.refused != Refused::kNothing;
}

}  // namespace

PollGroups::PollGroups(PollGroupsOptions options, std::uint64_t seed)
    : options_(options), seed_(seed) {}

void PollGroups::Follow(std::shared_ptr<core::Topic> topic) {
  PolledApp& app = apps_[topic->app_id()];
  app = PolledApp();
  app.topic = std::move(topic);
}

void PollGroups::Unfollow(PolledApp& app) {
  if (app.group != 0) Remove(app);
  apps_.erase(app.topic->app_id());
}

PolledApp* PollGroups::Find(std::string_view app_id) {
  const auto it = apps_.find(app_id);
  return it == apps_.end() ? nullptr : &it->second;
}

void PollGroups::SetVersion(PolledApp& app, std::int64_t version) {
  app.version = version;
  if (app.group != 0) groups_.at(app.group).Tell(app);
}

void PollGroups::SetQuarantined(PolledApp& app, bool is_quarantined) {
  if (app.is_quarantined != is_quarantined) ++changes_;
  app.is_quarantined = is_quarantined;
}

void PollGroups::SetPrimed(PollGroup& group) {
  if (!std::exchange(group.is_primed, true)) ++changes_;
}

void PollGroups::SetRefused(PollGroup& group, Refused refused) {
  if (group.refused != refused) ++changes_;
  group.refused = refused;
}

std::vector<PollGroupId> PollGroups::Form(
    const std::vector<std::string>& app_ids) {
  std::vector<PollGroupId> formed;
  for (const std::string& app_id : app_ids) {
    PolledApp* const app = Find(app_id);
    if (app == nullptr) continue;
    const bool is_full =
        formed.empty() ||
        !HasRoom(at(formed.back()), 1, PollText::MaxBytesOf(app_id));
    if (is_full) formed.push_back(New());
    AddTo(formed.back(), *app);
  }
  return formed;
}

PollGroupId PollGroups::New() {
  const PollGroupId id = ++last_;
  groups_.try_emplace(id, seed_ + id);
  return id;
}

void PollGroups::AddTo(PollGroupId id, PolledApp& app) {
  ++changes_;
  groups_.at(id).Add(app);
  app.group = id;
}

void PollGroups::Remove(PolledApp& app) {
  ++changes_;
  groups_.at(app.group).Remove(app);
  app.group = 0;
}

bool PollGroups::HasRoom(const PollGroup& group, std::size_t apps,
                         std::size_t bytes) const {
  return group.apps.size() + apps <= options_.max_apps &&
         group.text.max_bytes() + bytes <= options_.max_bytes;
}

PollGroupId PollGroups::Split(PollGroupId id) {
  const PollGroupId other = New();
  at(other).BeginAs(at(id));
  const auto apps = at(id).apps;
  const auto half = static_cast<std::ptrdiff_t>(apps.size() / 2);
  for (auto it = std::next(apps.begin(), half); it != apps.end(); ++it) {
    Remove(*it->second);
    AddTo(other, *it->second);
  }
  return other;
}

PollGroupId PollGroups::SetApart(PolledApp& app) {
  const PollGroupId id = New();
  at(id).BeginAs(at(app.group));
  Remove(app);
  AddTo(id, app);
  return id;
}

std::vector<PollGroupId> PollGroups::TakeInOthers(PollGroupId id) {
  std::vector<PollGroupId> emptied;
  PollGroup& group = at(id);
  if (group.looked_at == changes_) return emptied;
  // What it takes in counts as well: then there may be room for larger ones.
  group.looked_at = changes_;
  if (IsApart(group)) return emptied;
  for (auto& [other_id, other] : groups_) {
    if (other_id == id || !other.is_primed || other.apps.empty() ||
        other.apps.size() > group.apps.size() || IsApart(other) ||
        !HasRoom(group, other.apps.size(), other.text.max_bytes())) {
      continue;
    }
    group.refresh_at = std::min(group.refresh_at, other.refresh_at);
    const auto moving = other.apps;
    for (const auto& [app_id, app] : moving) {
      Remove(*app);
      AddTo(id, *app);
    }
    emptied.push_back(other_id);
  }
  return emptied;
}

}  // namespace naming::discovery
