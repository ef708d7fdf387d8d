// SPDX-License-Identifier: Apache-2.0

#include "node/directory.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "node/answers.h"
#include "node/change.h"

namespace naming::node {
namespace {

constexpr std::chrono::seconds kSelfRenewInterval{30};

// How long the end of an application is remembered: much longer than a client
// needs from one poll to the next.
constexpr std::chrono::minutes kMemoryOfEnds{10};

Pollers::Expire Expiry(Quirks quirks) {
  return [quirks](const Waiter& waiter) {
    const Response response = TimeoutAnswer(quirks);
    return waiter.is_protected
               ? BehindProtectedAnswer(response, waiter.callback)
               : WithCallback(response, waiter.callback);
  };
}

}  // namespace

Directory::Directory(base::Loop& loop, NodeIdentity self, std::uint32_t seed,
                     LogSink log_sink, Pollers::Reply reply, Quirks quirks)
    : loop_(loop),
      self_(std::move(self)),
      log_sink_(std::move(log_sink)),
      quirks_(quirks),
      store_(loop.clock(), quirks),
      sweeper_(store_, loop.clock(), seed, quirks),
      pollers_(loop, reply, Expiry(quirks)),
      shared_pollers_(loop, reply, Expiry(quirks)) {
  RegisterSelf();
  renew_timer_ = loop_.RunAfter(kSelfRenewInterval, [this] { RenewSelf(); });
  sweep_timer_ =
      loop_.RunAfter(LeaseSweeper::kSweepInterval, [this] { Sweep(); });
  recount_timer_ =
      loop_.RunAfter(LeaseSweeper::kRecountInterval, [this] { Recount(); });
}

Directory::~Directory() {
  loop_.CancelTimer(renew_timer_);
  loop_.CancelTimer(sweep_timer_);
  loop_.CancelTimer(recount_timer_);
}

void Directory::Register(RegisterRequest request) {
  if (IsCancelled(request)) return;
  const AppKey app{request.instance.env, request.instance.app_id};
  const Store::RegisterOutcome outcome = store_.Register(std::move(request));
  if (outcome == Store::RegisterOutcome::kAdded) sweeper_.OnAdded();
  if (outcome != Store::RegisterOutcome::kIgnored) Announce(app);
}

InstanceKey Directory::self_key() const {
  return {{self_.env, std::string(kSelfAppId)}, self_.zone, self_.hostname};
}

bool Directory::IsCancelled(RegisterRequest& request) {
  const InstanceKey key = KeyOf(request.instance);
  const std::optional<std::int64_t> cancelled = cancelled_.Find(key);
  if (!cancelled) return false;
  if (request.is_replica && request.dirty_timestamp > 0 &&
      request.dirty_timestamp <= *cancelled) {
    return true;
  }
  const std::int64_t dirty = request.dirty_timestamp > 0
                                 ? request.dirty_timestamp
                                 : UnixNanos(loop_.clock());
  if (dirty <= *cancelled) request.dirty_timestamp = Successor(*cancelled);
  cancelled_.Remove(key);
  return false;
}

Store::RegisterOutcome Directory::Adopt(StoredInstance instance) {
  const InstanceKey key = KeyOf(instance);
  const std::optional<std::int64_t> cancelled = cancelled_.Find(key);
  if (cancelled && instance.dirty_timestamp <= *cancelled) {
    return Store::RegisterOutcome::kIgnored;
  }
  cancelled_.Remove(key);
  const Store::RegisterOutcome outcome = store_.Adopt(std::move(instance));
  if (outcome == Store::RegisterOutcome::kAdded) sweeper_.OnAdded();
  if (outcome == Store::RegisterOutcome::kIgnored) return outcome;
  // What an earlier run said of this node isn't so any more.
  if (key == self_key()) {
    RegisterSelf();
  } else {
    Announce(key.app);
  }
  return outcome;
}

RenewOutcome Directory::Renew(const InstanceKey& key) {
  const RenewOutcome outcome = store_.Renew(key);
  if (outcome.instance != nullptr) sweeper_.OnRenewed();
  // Whoever renews is alive, whatever was cancelled.
  if (outcome.instance == nullptr) cancelled_.Remove(key);
  return outcome;
}

bool Directory::Cancel(const InstanceKey& key, std::int64_t latest_timestamp) {
  const StoredInstance* const instance = store_.Get(key);
  if (instance == nullptr) return false;
  if (remembers_cancels_) {
    cancelled_.Add(key, instance->dirty_timestamp, loop_.clock().Now());
  }
  store_.Cancel(key, latest_timestamp);
  sweeper_.OnCancelled();
  Announce(key.app);
  return true;
}

SetOutcome Directory::Set(const AppKey& app, const std::string& zone,
                          const std::vector<InstanceChange>& changes,
                          std::int64_t timestamp) {
  const SetOutcome outcome = store_.Set(app, zone, changes, timestamp);
  if (outcome.has_changed) Announce(app);
  return outcome;
}

void Directory::SetSchedulers(SchedulerFiles files) {
  for (const std::string& file : files.malformed) {
    Log(LogLevel::kWarning,
        absl::StrFormat("node: read scheduler: ignored %s", file));
  }
  store_.SetSchedulers(std::move(files.schedulers));
}

int Directory::Evict(std::string_view app_id, std::string_view hostname) {
  std::vector<InstanceKey> evicted;
  store_.ForEach([&](const StoredInstance& instance) {
    if (instance.app_id != app_id || instance.hostname != hostname) return;
    evicted.push_back(
        {{instance.env, instance.app_id}, instance.zone, instance.hostname});
  });
  for (const InstanceKey& key : evicted) {
    store_.Cancel(key, UnixNanos(loop_.clock()));
    Announce(key.app);
  }
  return static_cast<int>(evicted.size());
}

void Directory::Hold(Waiter waiter, base::Clock::Duration hold) {
  if (quirks_.shared_poll_channels()) {
    shared_pollers_.Add(std::move(waiter), hold);
  } else {
    pollers_.Add(std::move(waiter), hold);
  }
}

void Directory::Announce(const AppKey& app) {
  Change change(store_, app, quirks_);
  const auto answer = [&change](const Waiter& waiter) {
    return change.AnswerTo(waiter);
  };
  pollers_.Wake(app, answer);
  shared_pollers_.Wake(app, answer);
  if (events_.on_change) events_.on_change(app);
}

void Directory::RegisterSelf() {
  RegisterRequest request;
  StoredInstance& instance = request.instance;
  instance.region = self_.region;
  instance.zone = self_.zone;
  instance.env = self_.env;
  instance.app_id = kSelfAppId;
  instance.hostname = self_.hostname;
  instance.addrs = {absl::StrFormat("http://%s", self_.address)};
  instance.status = kStatusUp;
  Register(std::move(request));
}

void Directory::RenewSelf() {
  if (Renew(self_key()).instance == nullptr) RegisterSelf();
  if (events_.on_self_renewed) events_.on_self_renewed();
  renew_timer_ = loop_.RunAfter(kSelfRenewInterval, [this] { RenewSelf(); });
}

void Directory::Sweep() {
  for (const InstanceKey& key : sweeper_.Sweep()) {
    Log(LogLevel::kInfo,
        absl::StrFormat("node: expire %s: %s in zone %s of env %s is silent",
                        key.app.app_id, key.hostname, key.zone, key.app.env));
    Announce(key.app);
  }
  if (sweeper_.is_preserving() != was_preserving_) {
    was_preserving_ = sweeper_.is_preserving();
    if (was_preserving_) {
      Log(LogLevel::kWarning, "node: expire: stopped, too few renewals come");
    } else {
      Log(LogLevel::kInfo, "node: expire: resumed, renewals come again");
    }
  }
  store_.ForgetEnded(kMemoryOfEnds);
  cancelled_.Forget(loop_.clock().Now() - kMemoryOfEnds);
  sweep_timer_ =
      loop_.RunAfter(LeaseSweeper::kSweepInterval, [this] { Sweep(); });
}

void Directory::Recount() {
  sweeper_.Recount();
  recount_timer_ =
      loop_.RunAfter(LeaseSweeper::kRecountInterval, [this] { Recount(); });
}

void Directory::Log(LogLevel level, std::string message) {
  if (log_sink_) log_sink_({level, std::move(message)});
}

}  // namespace naming::node
