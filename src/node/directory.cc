// SPDX-License-Identifier: Apache-2.0

#include "node/directory.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "node/answers.h"
#include "node/change.h"

namespace naming::node {
namespace {

constexpr std::string_view kSelfAppId = "infra.discovery";
constexpr std::chrono::seconds kSelfRenewInterval{30};

// How long the end of an application is remembered: much longer than a client
// needs from one poll to the next.
constexpr std::chrono::minutes kMemoryOfEnds{10};

}  // namespace

Directory::Directory(base::Loop& loop, NodeIdentity self, std::uint32_t seed,
                     LogSink log_sink, Pollers::Reply reply)
    : loop_(loop),
      self_(std::move(self)),
      log_sink_(std::move(log_sink)),
      store_(loop.clock()),
      sweeper_(store_, loop.clock(), seed),
      pollers_(loop, std::move(reply), [](const Waiter& waiter) {
        return WithCallback(CodeAnswer(kCodeNotModified), waiter.callback);
      }) {
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
  const AppKey app{request.instance.env, request.instance.app_id};
  const Store::RegisterOutcome outcome = store_.Register(std::move(request));
  if (outcome == Store::RegisterOutcome::kAdded) sweeper_.OnAdded();
  if (outcome != Store::RegisterOutcome::kIgnored) Announce(app);
}

RenewOutcome Directory::Renew(const InstanceKey& key) {
  const RenewOutcome outcome = store_.Renew(key);
  if (outcome.instance != nullptr) sweeper_.OnRenewed();
  return outcome;
}

bool Directory::Cancel(const InstanceKey& key, std::int64_t latest_timestamp) {
  if (!store_.Cancel(key, latest_timestamp)) return false;
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

void Directory::Hold(Waiter waiter, base::Clock::Duration hold) {
  pollers_.Add(std::move(waiter), hold);
}

void Directory::Announce(const AppKey& app) {
  Change change(store_, app);
  pollers_.Wake(
      app, [&change](const Waiter& waiter) { return change.AnswerTo(waiter); });
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
  const InstanceKey key{
      {self_.env, std::string(kSelfAppId)}, self_.zone, self_.hostname};
  if (Renew(key).instance == nullptr) RegisterSelf();
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
