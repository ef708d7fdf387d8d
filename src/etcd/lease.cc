// SPDX-License-Identifier: Apache-2.0

#include "etcd/lease.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace naming::etcd {

Lease::Lease(base::Loop& loop, Requester& requester, Heartbeat& heartbeat,
             const LayoutCodec& layout, const LeaseOptions& options,
             Instance instance)
    : loop_(loop),
      requester_(requester),
      heartbeat_(heartbeat),
      layout_(layout),
      options_(options),
      instance_(std::move(instance)) {}

Lease::~Lease() { Abort(); }

void Lease::Put(const Instance& instance, Done done) {
  if (instance != instance_ || time_ns_ == 0) {
    instance_ = instance;
    time_ns_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
                   loop_.clock().WallNow().time_since_epoch())
                   .count();
  }
  const absl::Status status = layout_.Check(instance_);
  if (!status.ok()) return Later(Error("register", status), std::move(done));
  // A lease may die between its last sign of life and the put: then once more.
  grants_left_ = 2;
  if (lease_ == 0) {
    Grant(std::move(done));
  } else if (IsYoungerThan(std::chrono::milliseconds(options_.ttl) / 3)) {
    Write(std::move(done));
  } else {
    Revive(std::move(done));
  }
}

void Lease::Refresh(Done done) {
  if (lease_ == 0) {
    return Later(Error("refresh", absl::NotFoundError("it has no lease")),
                 std::move(done));
  }
  // Before a third of its time is over, of which two more are left for
  // failures.
  const bool keeps_alive = !IsYoungerThan(
      std::chrono::milliseconds(options_.ttl) / 3 - options_.refresh_interval);
  ticket_ = heartbeat_.Add(
      OwnedKeys(), keeps_alive,
      [this, keeps_alive,
       done = std::move(done)](const absl::StatusOr<Beat>& beat) {
        ticket_ = 0;
        if (!beat.ok()) return done(beat.status());
        if (*beat == Beat::kLeaseGone) {
          lease_ = 0;
          return done(
              Error("refresh", absl::NotFoundError("its lease is gone")));
        }
        if (keeps_alive) last_alive_ = loop_.clock().Now();
        if (*beat == Beat::kOurs) return done(absl::OkStatus());
        done(Error("refresh", absl::NotFoundError(absl::StrFormat(
                                  "%s is gone, changed, or somebody else's",
                                  absl::StrJoin(keys_, " or ")))));
      });
}

// Takes nothing away from a successor that has put the key under its lease.
void Lease::Remove(Done done) {
  if (lease_ == 0) return Later(absl::OkStatus(), std::move(done));
  Send("cancel", "/lease/revoke", LeaseBody(lease_),
       [this, done = std::move(done)](
           const absl::StatusOr<net::JsonDocument>& answer) {
         const bool is_gone = answer.ok() || absl::IsNotFound(answer.status());
         if (is_gone) lease_ = 0;
         done(is_gone ? absl::OkStatus() : answer.status());
       });
}

void Lease::Abort() {
  requester_.Abort(std::exchange(request_, 0));
  heartbeat_.Drop(std::exchange(ticket_, 0));
  loop_.CancelTimer(std::exchange(timer_, 0));
}

// Returns whether the lease last had its whole time less than `age` ago.
bool Lease::IsYoungerThan(std::chrono::milliseconds age) const {
  return loop_.clock().Now() - last_alive_ < age;
}

void Lease::Later(absl::Status status, Done done) {
  timer_ = loop_.RunAfter(
      base::Clock::Duration::zero(),
      [this, status = std::move(status), done = std::move(done)] {
        timer_ = 0;
        done(status);
      });
}

// After a break: a member that restarts gives each lease its whole time again.
void Lease::Revive(Done done) {
  Send("register", "/lease/keepalive", LeaseBody(lease_),
       [this, done = std::move(done)](
           const absl::StatusOr<net::JsonDocument>& answer) {
         if (!answer.ok()) return done(answer.status());
         const auto grant = DecodeGrant(answer->root()["result"]);
         if (!grant.ok()) return done(Error("register", grant.status()));
         if (grant->ttl_s <= 0) return Grant(done);
         last_alive_ = loop_.clock().Now();
         Write(done);
       });
}

void Lease::Grant(Done done) {
  --grants_left_;
  lease_ = 0;
  Send("register", "/lease/grant", GrantBody(options_.ttl.count()),
       [this, done = std::move(done)](
           const absl::StatusOr<net::JsonDocument>& answer) {
         if (!answer.ok()) return done(answer.status());
         const auto grant = DecodeGrant(answer->root());
         if (!grant.ok()) return done(Error("register", grant.status()));
         lease_ = grant->lease;
         last_alive_ = loop_.clock().Now();
         Write(done);
       });
}

void Lease::Write(Done done) {
  std::vector<Record> records = layout_.Encode(instance_, {lease_, time_ns_});
  const bool is_same_key =
      !keys_.empty() && records.front().key == keys_.front();
  keys_.clear();
  for (const Record& record : records) keys_.push_back(record.key);
  put_at_ = 0;
  if (has_held_ && is_same_key) {
    return WriteWhereFree(std::move(records), std::move(done));
  }
  const bool is_one = records.size() == 1;
  Send("register", is_one ? "/kv/put" : "/kv/txn",
       is_one ? PutBody(keys_.front(), records.front().value, lease_)
              : PutAllBody(records, lease_, std::nullopt),
       [this, done = std::move(done)](
           const absl::StatusOr<net::JsonDocument>& answer) {
         OnWritten(answer.ok() ? DecodeRevision(answer->root())
                               : absl::StatusOr<std::int64_t>(answer.status()),
                   done);
       });
}

void Lease::WriteWhereFree(std::vector<Record> records, Done done) {
  Send("register", "/kv/range", RangeBody(keys_.front(), "", Detail::kKeysOnly),
       [this, records = std::move(records), done = std::move(done)](
           const absl::StatusOr<net::JsonDocument>& answer) {
         if (!answer.ok()) return done(answer.status());
         const auto range = DecodeRange(answer->root());
         if (!range.ok()) return done(Error("register", range.status()));
         if (range->kvs.empty()) return Guarded(records, 0, done);
         const KeyValue& kv = range->kvs.front();
         // What has no lease nobody keeps: it is left over.
         if (kv.lease == 0 || kv.lease == lease_) {
           return Guarded(records, kv.mod_revision, done);
         }
         done(Error("register", absl::UnavailableError(absl::StrFormat(
                                    "somebody else has %s", keys_.front()))));
       });
}

void Lease::Guarded(const std::vector<Record>& records, std::int64_t revision,
                    Done done) {
  Send("register", "/kv/txn", PutAllBody(records, lease_, revision),
       [this, done = std::move(done)](
           const absl::StatusOr<net::JsonDocument>& answer) {
         if (!answer.ok()) return OnWritten(answer.status(), done);
         const auto txn = DecodeTxn(answer->root());
         if (!txn.ok()) {
           return OnWritten(Error("register", txn.status()), done);
         }
         if (!txn->has_succeeded) {
           return OnWritten(
               Error("register",
                     absl::UnavailableError(absl::StrFormat(
                         "somebody else has just put %s", keys_.front()))),
               done);
         }
         OnWritten(txn->range.revision, done);
       });
}

void Lease::OnWritten(const absl::StatusOr<std::int64_t>& revision,
                      const Done& done) {
  if (absl::IsNotFound(revision.status())) {
    if (grants_left_ > 0) return Grant(done);
    return done(
        absl::UnavailableError(std::string(revision.status().message())));
  }
  if (revision.ok()) {
    has_held_ = true;
    put_at_ = *revision;
  }
  done(revision.status());
}

std::vector<OwnedKey> Lease::OwnedKeys() const {
  std::vector<OwnedKey> owned;
  for (const std::string& key : keys_) owned.push_back({key, lease_, put_at_});
  return owned;
}

void Lease::Send(std::string_view verb, std::string_view path, std::string body,
                 OnAnswer on_answer) {
  Call call;
  call.what = absl::StrFormat("%s %s", verb, instance_.app_id);
  call.path = path;
  call.body = std::move(body);
  request_ = requester_.Send(std::move(call),
                             [this, on_answer = std::move(on_answer)](
                                 absl::StatusOr<net::HttpResponse> response) {
                               request_ = 0;
                               if (!response.ok())
                                 return on_answer(response.status());
                               on_answer(DecodeAnswer(*std::move(response)));
                             });
}

absl::Status Lease::Error(std::string_view verb,
                          const absl::Status& cause) const {
  return absl::Status(cause.code(),
                      absl::StrFormat("etcd: %s %s: %s", verb, instance_.app_id,
                                      std::string(cause.message())));
}

}  // namespace naming::etcd
