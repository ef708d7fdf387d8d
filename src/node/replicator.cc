// SPDX-License-Identifier: Apache-2.0

#include "node/replicator.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "node/lease_sweeper.h"

namespace naming::node {
namespace {

using std::chrono::milliseconds;

// How long a write waits for peers, and a peer has to answer. A peer that hangs
// delays writes once: from then on it is lost.
constexpr milliseconds kPatience{1000};

// What a repair gets when the exchange before it took nearly all the time.
constexpr milliseconds kLeastRepairTime{100};

// How many writes at a time a peer gets that has missed some.
constexpr std::size_t kPushesAtOnce = 8;

std::string_view PathOf(Write::Kind kind) {
  switch (kind) {
    case Write::Kind::kRegister:
      return "/discovery/register";
    case Write::Kind::kRenew:
      return "/discovery/renew";
    case Write::Kind::kCancel:
      return "/discovery/cancel";
    case Write::Kind::kSet:
      return "/discovery/set";
  }
  return "";
}

}  // namespace

Write Write::Register(const InstanceKey& key) {
  return {Kind::kRegister, key, ""};
}

Write Write::Renew(const InstanceKey& key) { return {Kind::kRenew, key, ""}; }

Write Write::Cancel(const InstanceKey& key, std::int64_t latest_timestamp) {
  return {Kind::kCancel, key, CancelForm(key, latest_timestamp)};
}

Write Write::Set(const SetArguments& arguments) {
  return {Kind::kSet, {arguments.app, arguments.zone, ""}, SetForm(arguments)};
}

// One write and the peers that haven't answered it.
struct Replicator::Round {
  std::size_t left = 0;
  base::Loop::TimerId timer = 0;
  Done done;
};

// What a peer missed, and how far it has been told.
struct Replicator::Push {
  std::string address;
  std::vector<Write> writes;
  std::size_t next = 0;
};

Replicator::Replicator(base::Loop& loop, net::HttpClient& http,
                       Directory& directory, ReplicatorOptions options)
    : loop_(loop),
      directory_(directory),
      options_(std::move(options)),
      peers_(loop, http, directory.self().zone, options_.seed,
             options_.log_sink,
             [this](const std::string& address,
                    std::vector<StoredInstance> instances) {
               OnAll(address, std::move(instances));
             }),
      random_(base::SeededRandom(options_.seed)) {
  directory_.RememberCancels();
  if (options_.faults.hanging_writes) peers_.TellLost();
}

Replicator::~Replicator() {
  for (const auto& [id, round] : rounds_) loop_.CancelTimer(round->timer);
}

void Replicator::Start() {
  FollowRegistry();
  peers_.AskOtherZones();
  Pass(Write::Register(directory_.self_key()), {}, kPatience, [] {});
}

bool Replicator::GoesAbroad(const Write& write, const Origin& origin) const {
  const bool is_beat =
      write.kind == Write::Kind::kRenew || write.kind == Write::Kind::kCancel;
  if (options_.faults.home_zone_only && is_beat) {
    return write.key.zone == directory_.self().zone;
  }
  return !origin.is_from_zone;
}

milliseconds Replicator::Patience(milliseconds budget) const {
  return options_.faults.hanging_writes ? budget : std::min(budget, kPatience);
}

milliseconds Replicator::ExchangeTimeout(milliseconds budget) const {
  // A client in a hurry doesn't keep peers from being told.
  return options_.faults.hanging_writes ? budget : kPatience;
}

bool Replicator::Pass(const Write& write, const Origin& origin,
                      milliseconds budget, Done done) {
  if (origin.is_replica) return false;
  std::vector<std::vector<std::string>> told;
  for (std::string& address : peers_.OwnZone()) {
    told.push_back({std::move(address)});
  }
  if (GoesAbroad(write, origin)) {
    for (std::vector<std::string>& zone : peers_.OtherZones()) {
      told.push_back(std::move(zone));
    }
  }
  if (told.empty()) return false;
  const std::uint64_t id = ++last_round_;
  auto round = std::make_shared<Round>();
  round->left = told.size();
  round->done = std::move(done);
  const auto finish = [this, id] {
    const auto it = rounds_.find(id);
    if (it == rounds_.end()) return;
    const std::shared_ptr<Round> finished = std::move(it->second);
    rounds_.erase(it);
    loop_.CancelTimer(finished->timer);
    finished->done();
  };
  round->timer = loop_.RunAfter(Patience(budget), finish);
  rounds_.emplace(id, round);
  for (std::vector<std::string>& any_of : told) {
    TellAny(std::move(any_of), write, ExchangeTimeout(budget), [round, finish] {
      if (--round->left == 0) finish();
    });
  }
  return true;
}

// Tells one of `addresses`; the next one when that fails, for then nobody in
// its zone may have the write. Calls `done` when one has it, or none will.
void Replicator::TellAny(std::vector<std::string> addresses, const Write& write,
                         milliseconds timeout, Done done) {
  const std::string address = std::move(addresses.back());
  addresses.pop_back();
  Tell(address, write, timeout,
       [this, addresses = std::move(addresses), write, timeout,
        done = std::move(done)](bool is_told) mutable {
         // A lost peer gets it when it is back.
         while (!addresses.empty() && peers_.IsLost(addresses.back())) {
           addresses.pop_back();
         }
         if (is_told || addresses.empty()) {
           done();
         } else {
           TellAny(std::move(addresses), write, timeout, std::move(done));
         }
       });
}

std::string Replicator::FormOf(const Write& write) const {
  const StoredInstance* const instance = directory_.store().Get(write.key);
  switch (write.kind) {
    case Write::Kind::kRegister:
      if (instance == nullptr) return "";
      return RegisterForm(*instance, options_.faults.joined_addrs);
    case Write::Kind::kRenew:
      return instance == nullptr ? "" : RenewForm(*instance);
    case Write::Kind::kCancel:
      // It may have been registered again before the peer is told.
      return instance == nullptr ? write.form : "";
    case Write::Kind::kSet:
      return write.form;
  }
  return "";
}

// Calls `told` when the peer has answered or failed; at once when there is
// nothing to tell any more.
void Replicator::Tell(const std::string& address, const Write& write,
                      milliseconds timeout, Told told) {
  std::string form = FormOf(write);
  if (form.empty()) {
    loop_.Post([told = std::move(told)] { told(true); });
    return;
  }
  const base::Clock::TimePoint deadline = loop_.clock().Now() + timeout;
  peers_.Post(
      address, PathOf(write.kind),
      WithOrigin(std::move(form), peers_.IsOwnZone(address)), timeout,
      [this, address, write, deadline,
       told = std::move(told)](const absl::StatusOr<PeerAnswer>& answer) {
        // Another time, or another node of the zone, would make no difference.
        const bool is_refused = absl::IsFailedPrecondition(answer.status());
        if (is_refused) LogRefusal(address, write, answer.status());
        if (!answer.ok() || write.kind != Write::Kind::kRenew) {
          told(answer.ok() || is_refused);
          return;
        }
        const auto left = std::chrono::duration_cast<milliseconds>(
            deadline - loop_.clock().Now());
        Mend(address, write, *answer, std::max(left, kLeastRepairTime), told);
      });
}

void Replicator::LogRefusal(const std::string& address, const Write& write,
                            const absl::Status& status) {
  if (!options_.log_sink) return;
  options_.log_sink(
      {LogLevel::kWarning,
       absl::StrFormat("node: peer %s: refuses %s %s %s: %s", address,
                       PathOf(write.kind), write.key.app.app_id,
                       write.key.hostname, std::string(status.message()))});
}

void Replicator::Mend(const std::string& address, const Write& write,
                      const PeerAnswer& answer, milliseconds timeout,
                      Told told) {
  if (answer.code == kCodeNotFound) {
    Tell(address, Write::Register(write.key), timeout, std::move(told));
    return;
  }
  if (answer.code == kCodeConflict && answer.instance &&
      KeyOf(*answer.instance) == write.key) {
    directory_.Adopt(*answer.instance);
  }
  told(true);
}

bool Replicator::Leave(Done done) {
  return Pass(Write::Cancel(directory_.self_key(), 0), {}, kPatience,
              std::move(done));
}

std::vector<NodeEntry> Replicator::Nodes() const {
  std::vector<NodeEntry> nodes = peers_.Entries();
  nodes.insert(nodes.begin(),
               {directory_.self().address, 0, directory_.self().zone});
  return nodes;
}

void Replicator::OnChange(const AppKey& app) {
  const AppKey nodes = directory_.self_key().app;
  if (app == nodes) FollowRegistry();
}

void Replicator::OnSelfRenewed() {
  Pass(Write::Renew(directory_.self_key()), {}, kPatience, [] {});
}

void Replicator::FollowRegistry() {
  peers_.Follow(ListPeers(directory_.self(), options_.nodes, options_.zones,
                          directory_.store()));
}

// Takes what is newer there, and tells what is newer here, or cancelled since.
// Of every zone: a write may have come to this node while the zone that the
// instance is at home in was away.
void Replicator::OnAll(const std::string& address,
                       std::vector<StoredInstance> theirs) {
  has_synced_ = true;
  auto push = std::make_shared<Push>();
  push->address = address;
  const auto tell = [&](Write write) {
    if (peers_.IsOwnZone(address) || GoesAbroad(write, {})) {
      push->writes.push_back(std::move(write));
    }
  };
  std::map<InstanceKey, std::int64_t> there;
  for (StoredInstance& instance : theirs) {
    const InstanceKey key = KeyOf(instance);
    const std::int64_t dirty = instance.dirty_timestamp;
    const auto cancelled = directory_.cancelled().Find(key);
    if (cancelled && dirty <= *cancelled) {
      tell(Write::Cancel(key, 0));
      continue;
    }
    directory_.Adopt(std::move(instance));
    there.emplace(key, dirty);
  }
  directory_.store().ForEach([&](const StoredInstance& ours) {
    const InstanceKey key = KeyOf(ours);
    const auto known = there.find(key);
    const bool is_missed = known == there.end()
                               ? IsAlive(ours)
                               : known->second < ours.dirty_timestamp;
    if (is_missed) tell(Write::Register(key));
  });
  // One that makes the peer fail each time must not keep it from the same
  // others each time.
  std::shuffle(push->writes.begin(), push->writes.end(), random_);
  for (std::size_t i = 0; i < kPushesAtOnce; ++i) PushNext(push);
}

// What a peer lacks and nobody renews has run out there, as it will here: told
// of it, the peer would wait for it once more.
bool Replicator::IsAlive(const StoredInstance& instance) const {
  return loop_.clock().Now() - instance.renewed_at <= LeaseSweeper::kLease;
}

void Replicator::PushNext(const std::shared_ptr<Push>& push) {
  if (push->next == push->writes.size() || peers_.IsLost(push->address)) return;
  const Write& write = push->writes[push->next++];
  Tell(push->address, write, kPatience, [this, push](bool) { PushNext(push); });
}

}  // namespace naming::node
