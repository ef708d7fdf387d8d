// SPDX-License-Identifier: Apache-2.0

#include "etcd/heartbeat.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::etcd {
namespace {

// How long registrations that fall due together are gathered.
constexpr std::chrono::milliseconds kGather{2};

// etcd takes 128 operations in a transaction, unless told otherwise
// (--max-txn-ops): then fewer keys are found to do.
constexpr std::size_t kMaxKeys = 100;

// For how long a refusal to read a key holds: permissions are changed by
// people.
constexpr std::chrono::minutes kRefusalHolds{1};

using KeyMap = std::map<std::string, const KeyValue*>;

bool IsAsPut(const OwnedKey& key, const KeyMap& present) {
  const auto it = present.find(key.key);
  if (it == present.end()) return false;
  const KeyValue& kv = *it->second;
  return kv.lease == key.lease &&
         (key.mod_revision == 0 || kv.mod_revision == key.mod_revision);
}

bool IsTooManyOperations(const absl::Status& status) {
  return absl::IsInvalidArgument(status) &&
         status.message().find("too many operations") != std::string_view::npos;
}

}  // namespace

Heartbeat::Heartbeat(base::Loop& loop, Requester& requester)
    : loop_(loop), requester_(requester), max_keys_(kMaxKeys) {}

Heartbeat::~Heartbeat() = default;

Heartbeat::TicketId Heartbeat::Add(std::vector<OwnedKey> keys, bool keeps_alive,
                                   Done done) {
  const TicketId id = ++last_id_;
  tickets_[id] = {std::move(keys), keeps_alive, std::move(done)};
  gathered_.push_back(id);
  if (timer_ == 0) timer_ = loop_.RunAfter(kGather, [this] { Begin(); });
  return id;
}

void Heartbeat::Drop(TicketId id) { tickets_.erase(id); }

void Heartbeat::Begin() {
  timer_ = 0;
  if (loop_.clock().Now() >= forget_at_) {
    unreadable_.clear();
    forget_at_ = loop_.clock().Now() + kRefusalHolds;
  }
  const Batch all = StillWanted(std::exchange(gathered_, {}));
  for (const Batch& batch : Split(all)) KeepAlive(batch);
}

void Heartbeat::KeepAlive(const Batch& batch) {
  std::vector<std::int64_t> leases;
  for (const TicketId id : batch) {
    const Ticket& ticket = tickets_.at(id);
    if (ticket.keeps_alive) leases.push_back(ticket.lease());
  }
  if (leases.empty()) return Check(batch);
  Send("/lease/keepalive", absl::StrFormat("keep %d alive", leases.size()),
       KeepAliveBody(leases), batch, &Heartbeat::OnKeptAlive);
}

void Heartbeat::OnKeptAlive(const Batch& batch,
                            const absl::StatusOr<net::HttpResponse>& response) {
  if (!response.ok()) return GiveAll(batch, response.status());
  const auto grants = DecodeKeepAlives(*response);
  if (!grants.ok()) return GiveAll(batch, grants.status());
  std::set<std::int64_t> gone;
  std::set<std::int64_t> alive;
  for (const Grant& grant : *grants) {
    (grant.ttl_s > 0 ? alive : gone).insert(grant.lease);
  }
  Batch rest;
  for (const TicketId id : StillWanted(batch)) {
    const Ticket& ticket = tickets_.at(id);
    if (gone.count(ticket.lease()) != 0) {
      Give(id, Beat::kLeaseGone);
    } else if (ticket.keeps_alive && alive.count(ticket.lease()) == 0) {
      Give(id, absl::UnavailableError("etcd: keep alive: no answer for it"));
    } else {
      rest.push_back(id);
    }
  }
  Check(rest);
}

bool Heartbeat::IsUnreadable(TicketId id) const {
  const auto it = tickets_.find(id);
  return it != tickets_.end() && unreadable_.count(it->second.lease()) != 0;
}

// Of what can't be read the lease has to do.
void Heartbeat::Check(const Batch& batch) {
  for (const TicketId id : batch) {
    if (IsUnreadable(id)) Give(id, Beat::kOurs);
  }
  const Batch wanted = StillWanted(batch);
  if (wanted.empty()) return;
  std::vector<OwnedKey> keys;
  for (const TicketId id : wanted) {
    const Ticket& ticket = tickets_.at(id);
    keys.insert(keys.end(), ticket.keys.begin(), ticket.keys.end());
  }
  Send("/kv/txn", absl::StrFormat("check %d", keys.size()), CheckBody(keys),
       wanted, &Heartbeat::OnChecked);
}

void Heartbeat::CheckHalves(const Batch& batch) {
  const auto middle =
      batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
  Check(Batch(batch.begin(), middle));
  Check(Batch(middle, batch.end()));
}

void Heartbeat::OnChecked(const Batch& batch,
                          const absl::StatusOr<net::HttpResponse>& response) {
  if (absl::IsPermissionDenied(response.status())) {
    // A user that may write and not read, but perhaps only one of the keys.
    if (batch.size() > 1) return CheckHalves(batch);
    const auto it = tickets_.find(batch.front());
    if (it != tickets_.end()) unreadable_.insert(it->second.lease());
    return Give(batch.front(), Beat::kOurs);
  }
  if (IsTooManyOperations(response.status()) && batch.size() > 1) {
    max_keys_ = std::min(max_keys_, batch.size() / 2);
    return CheckHalves(batch);
  }
  if (!response.ok()) return GiveAll(batch, response.status());
  const auto document = DecodeAnswer(*response);
  const auto txn = document.ok() ? DecodeTxn(document->root())
                                 : absl::StatusOr<TxnAnswer>(document.status());
  if (!txn.ok()) return GiveAll(batch, txn.status());
  if (txn->has_succeeded) return GiveAll(batch, Beat::kOurs);
  KeyMap present;
  for (const KeyValue& kv : txn->range.kvs) present[kv.key] = &kv;
  for (const TicketId id : StillWanted(batch)) {
    const std::vector<OwnedKey>& keys = tickets_.at(id).keys;
    const bool is_ours = std::all_of(
        keys.begin(), keys.end(),
        [&present](const OwnedKey& key) { return IsAsPut(key, present); });
    Give(id, is_ours ? Beat::kOurs : Beat::kKeyGone);
  }
}

void Heartbeat::Give(TicketId id, const absl::StatusOr<Beat>& beat) {
  const auto node = tickets_.extract(id);
  if (node) node.mapped().done(beat);
}

void Heartbeat::GiveAll(const Batch& batch, const absl::StatusOr<Beat>& beat) {
  for (const TicketId id : batch) Give(id, beat);
}

Heartbeat::Batch Heartbeat::StillWanted(const Batch& batch) const {
  Batch wanted;
  std::copy_if(batch.begin(), batch.end(), std::back_inserter(wanted),
               [this](TicketId id) { return tickets_.count(id) != 0; });
  return wanted;
}

// Returns batches of at most max_keys_ keys.
std::vector<Heartbeat::Batch> Heartbeat::Split(const Batch& all) const {
  std::vector<Batch> batches;
  std::size_t keys = 0;
  for (const TicketId id : all) {
    const std::size_t more = tickets_.at(id).keys.size();
    if (batches.empty() || keys + more > max_keys_) {
      batches.emplace_back();
      keys = 0;
    }
    batches.back().push_back(id);
    keys += more;
  }
  return batches;
}

void Heartbeat::Send(
    std::string_view path, std::string what, std::string body, Batch batch,
    void (Heartbeat::*on_answered)(const Batch&,
                                   const absl::StatusOr<net::HttpResponse>&)) {
  Call call;
  call.what = std::move(what);
  call.path = path;
  call.body = std::move(body);
  requester_.Send(std::move(call),
                  [this, batch = std::move(batch), on_answered](
                      const absl::StatusOr<net::HttpResponse>& response) {
                    (this->*on_answered)(batch, response);
                  });
}

}  // namespace naming::etcd
