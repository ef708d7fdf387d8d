// SPDX-License-Identifier: Apache-2.0

#include "node/store.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace naming::node {

std::int64_t UnixNanos(const base::Clock& clock) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             clock.WallNow().time_since_epoch())
      .count();
}

std::int64_t Successor(std::int64_t timestamp) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return timestamp == kMax ? kMax : timestamp + 1;
}

namespace {

// Returns how long before `now` a timestamp was that a peer or a file tells: it
// may be anything. One in the future is 0, more than a day counts as a day.
std::chrono::nanoseconds AgeAt(std::int64_t now, std::int64_t timestamp) {
  constexpr std::chrono::nanoseconds kMost = std::chrono::hours(24);
  if (timestamp >= now) return std::chrono::nanoseconds(0);
  if (timestamp < now - kMost.count()) return kMost;
  return std::chrono::nanoseconds(now - timestamp);
}

}  // namespace

Store::RegisterOutcome Store::Register(RegisterRequest request) {
  const std::int64_t now = UnixNanos(clock_);
  StoredInstance instance = std::move(request.instance);
  instance.reg_timestamp = now;
  instance.up_timestamp = now;
  instance.renew_timestamp = now;
  instance.latest_timestamp = quirks_.restarting_version() ? 0 : now;
  instance.renewed_at = clock_.Now();
  instance.dirty_timestamp =
      request.dirty_timestamp > 0 ? request.dirty_timestamp : now;

  const StoredInstance* const known = Find(KeyOf(instance));
  const bool is_new = known == nullptr;
  if (!is_new) {
    if (instance.dirty_timestamp < known->dirty_timestamp) {
      if (quirks_.ignored_dirty()) {
        Grow(apps_.find(KeyOf(instance).app)->second, now);
        return RegisterOutcome::kDropped;
      }
      if (request.is_replica) return RegisterOutcome::kIgnored;
      instance.dirty_timestamp = Successor(known->dirty_timestamp);
    }
    instance.up_timestamp = known->up_timestamp;
  }
  Put(std::move(instance), now);
  return is_new ? RegisterOutcome::kAdded : RegisterOutcome::kReplaced;
}

Store::RegisterOutcome Store::Adopt(StoredInstance instance) {
  const std::chrono::nanoseconds age =
      AgeAt(UnixNanos(clock_), instance.renew_timestamp);
  instance.renewed_at = clock_.Now() - age;
  StoredInstance* const known = Find(KeyOf(instance));
  if (known == nullptr) {
    // Nobody is kept for so long, whatever the others do.
    if (age > kLongestSilence) return RegisterOutcome::kIgnored;
    Put(std::move(instance), UnixNanos(clock_));
    return RegisterOutcome::kAdded;
  }
  if (instance.dirty_timestamp > known->dirty_timestamp) {
    instance.renewed_at = std::max(instance.renewed_at, known->renewed_at);
    Put(std::move(instance), UnixNanos(clock_));
    return RegisterOutcome::kReplaced;
  }
  if (instance.dirty_timestamp == known->dirty_timestamp &&
      instance.renewed_at > known->renewed_at) {
    known->renewed_at = instance.renewed_at;
    known->renew_timestamp = instance.renew_timestamp;
  }
  return RegisterOutcome::kIgnored;
}

void Store::Put(StoredInstance instance, std::int64_t now) {
  const InstanceKey key = KeyOf(instance);
  App& app = apps_[key.app];
  const bool is_new = app.zones[key.zone]
                          .insert_or_assign(key.hostname, std::move(instance))
                          .second;
  Grow(app, now);
  if (is_new) ++size_;
}

const StoredInstance* Store::Get(const InstanceKey& key) const {
  const auto app = apps_.find(key.app);
  if (app == apps_.end()) return nullptr;
  const auto zone = app->second.zones.find(key.zone);
  if (zone == app->second.zones.end()) return nullptr;
  const auto instance = zone->second.find(key.hostname);
  return instance == zone->second.end() ? nullptr : &instance->second;
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
  Grow(app, latest_timestamp);
  if (app.zones.empty() && quirks_.quiet_last_cancel()) apps_.erase(key.app);
  --size_;
  return true;
}

SetOutcome Store::Set(const AppKey& app, const std::string& zone,
                      const std::vector<InstanceChange>& changes,
                      std::int64_t timestamp) {
  if (timestamp == 0 && !quirks_.zeroing_set()) timestamp = UnixNanos(clock_);
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
  if (outcome.has_changed && !quirks_.quiet_set()) {
    Grow(apps_.find(app)->second, timestamp);
  }
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

void Store::SetSchedulers(Schedulers schedulers) {
  schedulers_ = std::move(schedulers);
}

std::optional<AppView> Store::Fetch(const AppKey& app, std::string_view zone,
                                    std::uint32_t status_mask) const {
  const auto found = apps_.find(app);
  if (found == apps_.end() || found->second.zones.empty()) return std::nullopt;
  AppView view;
  view.revision = found->second.revision;
  const auto scheduler = schedulers_.find(app);
  if (scheduler != schedulers_.end()) view.scheduler = scheduler->second;
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
  const bool is_hidden = quirks_.quiet_last_cancel() || since <= 0;
  if (view.zones.empty() && (is_hidden || !is_newer)) {
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

// A revision never goes back, nor stays as it is.
void Store::Grow(App& app, std::int64_t timestamp) const {
  const std::int64_t next = Successor(app.revision);
  app.revision =
      quirks_.restarting_version() ? next : std::max(next, timestamp);
}

StoredInstance* Store::Find(const InstanceKey& key) {
  return const_cast<StoredInstance*>(Get(key));
}

}  // namespace naming::node
