// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_HEARTBEAT_H_
#define NAMING_ETCD_HEARTBEAT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/loop.h"
#include "etcd/protocol.h"
#include "etcd/requester.h"

namespace naming::etcd {

// What a beat found out.
enum class Beat {
  kOurs,       // The lease lives, and the keys are as they were put.
  kLeaseGone,  // etcd doesn't know the lease any more.
  kKeyGone,    // The lease lives, but a key is gone or was changed.
};

// Keeps leases alive, and looks whether keys still have them: for all
// registrations that want it within a moment of each other with one request.
//
// Lives on the loop of its Requester.
class Heartbeat final {
 public:
  using TicketId = std::uint64_t;  // 0 is none.

  // Errors: as Requester::Done.
  using Done = std::function<void(absl::StatusOr<Beat>)>;

  // Both outlive it.
  Heartbeat(base::Loop& loop, Requester& requester);
  ~Heartbeat();

  // Looks after `keys`, at least one, of one lease; with `keeps_alive`, that
  // gets its whole time again. Calls `done` once, and never from within, unless
  // dropped first.
  TicketId Add(std::vector<OwnedKey> keys, bool keeps_alive, Done done);
  void Drop(TicketId id);

 private:
  struct Ticket {
    std::int64_t lease() const { return keys.front().lease; }

    std::vector<OwnedKey> keys;
    bool keeps_alive = false;
    Done done;
  };
  using Batch = std::vector<TicketId>;

  void Begin();
  void KeepAlive(const Batch& batch);
  void OnKeptAlive(const Batch& batch,
                   const absl::StatusOr<net::HttpResponse>& response);
  bool IsUnreadable(TicketId id) const;
  void Check(const Batch& batch);
  void CheckHalves(const Batch& batch);
  void OnChecked(const Batch& batch,
                 const absl::StatusOr<net::HttpResponse>& response);
  void Give(TicketId id, const absl::StatusOr<Beat>& beat);
  void GiveAll(const Batch& batch, const absl::StatusOr<Beat>& beat);
  Batch StillWanted(const Batch& batch) const;
  std::vector<Batch> Split(const Batch& all) const;
  void Send(std::string_view path, std::string what, std::string body,
            Batch batch,
            void (Heartbeat::*on_answered)(
                const Batch&, const absl::StatusOr<net::HttpResponse>&));

  base::Loop& loop_;
  Requester& requester_;
  TicketId last_id_ = 0;
  std::map<TicketId, Ticket> tickets_;
  Batch gathered_;
  std::size_t max_keys_;                // In a transaction.
  std::set<std::int64_t> unreadable_;   // Leases whose keys we may not read.
  base::Clock::TimePoint forget_at_{};  // When that is tried again.
  base::Loop::TimerId timer_ = 0;
};

}  // namespace naming::etcd

#endif  // NAMING_ETCD_HEARTBEAT_H_
