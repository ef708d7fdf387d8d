// SPDX-License-Identifier: Apache-2.0

#include "node/store.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace naming::node {
namespace {

// Timestamps come from clients too, up to the largest.
std::int64_t Successor(std::int64_t timestamp) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return timestamp == kMax ? kMax : timestamp + 1;
}

// A revision never goes back, nor stays as it is.
void Grow(std::int64_t& revision, std::int64_t timestamp) {
  revision = std::max(Successor(revision), timestamp);
}

}  // namespace

std::int64_t UnixNanos(const base::Clock& clock) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             clock.WallNow().time_since_epoch())
      .count();
}

Store::RegisterOutcome Store::Register(RegisterRequest request) {
  const std::int64_t now = UnixNanos(clock_);
  StoredInstance instance = std::move(request.instance);
  instance.reg_timestamp = now;
  instance.up_timestamp = now;
  instance.renew_timestamp = now;
  instance.latest_timestamp = now;
  instance.renewed_at = clock_.Now();
  instance.dirty_timestamp =
      request.dirty_timestamp > 0 ? request.dirty_timestamp : now;

  const InstanceKey key{
      {instance.env, instance.app_id}, instance.zone, instance.hostname};
  const StoredInstance* const known = Find(key);
  const bool is_new = known == nullptr;
  if (!is_new) {
    if (instance.dirty_timestamp < known->dirty_timestamp) {
      if (request.is_replica) return RegisterOutcome::kIgnored;
      instance.dirty_timestamp = Successor(known->dirty_timestamp);
    }
    instance.up_timestamp = known->up_timestamp;
  }
  App& app = apps_[key.app];
  app.zones[key.zone].insert_or_assign(key.hostname, std::move(instance));
  Grow(app.revision, now);
  if (is_new) ++size_;
  return is_new ? RegisterOutcome::kAdded : RegisterOutcome::kReplaced;
}

RenewOutcome Store::Renew(const InstanceKey& key) {
  RenewOutcome outcome;
  const auto app = apps_.find(key.app);
  outcome.has_zone =
      app != apps_.end() && app->second.zones.count(key.zone) != 0;
  StoredInstance* const instance = Find(key);
  if (instance == nullptr) return outcome;
  instance->renew_timestamp = UnixNanos(clock_);
  instance->renewed_at = clock_.Now();
  outcome.instance = instance;
  return outcome;
}

bool Store::Cancel(const InstanceKey& key, std::int64_t latest_timestamp) {
  if (Find(key) == nullptr) return false;
  App& app = apps_.find(key.app)->second;
  const auto zone = app.zones.find(key.zone);
  zone->second.erase(key.hostname);
  if (zone->second.empty()) app.zones.erase(zone);
  if (app.zones.empty()) app.ended_at = clock_.Now();
  Grow(app.revision, latest_timestamp);
  --size_;
  return true;
}

SetOutcome Store::Set(const AppKey& app, const std::string& zone,
                      const std::vector<InstanceChange>& changes,
                      std::int64_t timestamp) {
  if (timestamp == 0) timestamp = UnixNanos(clock_);
  SetOutcome outcome;
  for (const InstanceChange& change : changes) {
    StoredInstance* const instance = Find({app, zone, change.hostname});
    outcome.is_ok = instance != nullptr;
    if (!outcome.is_ok) break;
    const StoredInstance before = *instance;
    outcome.is_ok = Apply(change, timestamp, *instance);
    outcome.has_changed |= outcome.is_ok || before.status != instance->status ||
                           before.metadata != instance->metadata;
    if (!outcome.is_ok) break;
  }
  if (outcome.has_changed) Grow(apps_.find(app)->second.revision, timestamp);
  return outcome;
}

bool Store::Apply(const InstanceChange& change, std::int64_t timestamp,
                  StoredInstance& instance) {
  if (change.status) {
    if (*change.status != kStatusUp && *change.status != kStatusWaiting) {
      return false;
    }
    instance.status = *change.status;
    if (instance.status == kStatusUp) instance.up_timestamp = timestamp;
  }
  switch (change.metadata.kind) {
    case MetadataChange::Kind::kNone:
      break;
    case MetadataChange::Kind::kMerge:
      if (!instance.metadata) instance.metadata.emplace();
      for (const auto& [key, value] : change.metadata.values) {
        (*instance.metadata)[key] = value;
      }
      break;
    case MetadataChange::Kind::kClear:
      instance.metadata.reset();
      break;
  }
  if (change.metadata.is_bad) return false;
  instance.latest_timestamp = timestamp;
  instance.dirty_timestamp = timestamp;
  return true;
}

std::optional<AppView> Store::Fetch(const AppKey& app, std::string_view zone,
                                    std::uint32_t status_mask) const {
  const auto found = apps_.find(app);
  if (found == apps_.end() || found->second.zones.empty()) return std::nullopt;
  AppView view;
  view.revision = found->second.revision;
  for (const auto& [name, instances] : found->second.zones) {
    if (!zone.empty() && name != zone) continue;
    std::vector<const StoredInstance*>& selected = view.zones[name];
    for (const auto& [hostname, instance] : instances) {
      if ((instance.status & status_mask) != 0) selected.push_back(&instance);
    }
  }
  return view;
}

PollView Store::Poll(const AppKey& app, std::string_view zone,
                     std::int64_t since) const {
  AppView view = View(app, zone);
  const bool is_newer = view.revision > since;
  // To a poller that knows of nothing, an end isn't news.
  if (view.zones.empty() && (since <= 0 || !is_newer)) {
    return {true, std::nullopt};
  }
  if (!is_newer) return {};
  return {false, std::move(view)};
}

AppView Store::View(const AppKey& app, std::string_view zone) const {
  std::optional<AppView> view = Fetch(app, zone, kStatusUp);
  if (view) return *std::move(view);
  AppView ended;
  const auto found = apps_.find(app);
  if (found != apps_.end()) ended.revision = found->second.revision;
  return ended;
}

void Store::ForEach(
    const std::function<void(const StoredInstance&)>& visit) const {
  for (const auto& [key, app] : apps_) {
    for (const auto& [zone, instances] : app.zones) {
      for (const auto& [hostname, instance] : instances) visit(instance);
    }
  }
}

void Store::ForgetEnded(base::Clock::Duration age) {
  const base::Clock::TimePoint now = clock_.Now();
  for (auto it = apps_.begin(); it != apps_.end();) {
    const App& app = it->second;
    const bool is_old = app.zones.empty() && now - app.ended_at > age;
    it = is_old ? apps_.erase(it) : std::next(it);
  }
}

StoredInstance* Store::Find(const InstanceKey& key) {
  const auto app = apps_.find(key.app);
  if (app == apps_.end()) return nullptr;
  const auto zone = app->second.zones.find(key.zone);
  if (zone == app->second.zones.end()) return nullptr;
  const auto instance = zone->second.find(key.hostname);
  return instance == zone->second.end() ? nullptr : &instance->second;
}

}  // namespace naming::node
