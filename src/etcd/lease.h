// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_LEASE_H_
#define NAMING_ETCD_LEASE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "core/keeper.h"
#include "etcd/heartbeat.h"
#include "etcd/layout.h"
#include "etcd/protocol.h"
#include "etcd/requester.h"
#include "naming/instance.h"

namespace naming::etcd {

struct LeaseOptions {
  std::chrono::seconds ttl = std::chrono::seconds(15);

  // How often Refresh() is called, about.
  std::chrono::milliseconds refresh_interval = std::chrono::seconds(5);
};

// One registration in etcd: a key, and perhaps one with details, with a lease
// of its own.
//
// The first put takes the key, whoever has it: a program that starts again
// takes the place of its dead self. Afterwards the key is put only where nobody
// alive has it: when two programs share a key, the later one has it, instead of
// both taking it from each other. A lease that etcd still knows after a break
// is used again, so that nobody sees the Instance go and come.
//
// Lives on the loop of its Requester.
class Lease final : public core::Lease {
 public:
  // All of them outlive it.
  Lease(base::Loop& loop, Requester& requester, Heartbeat& heartbeat,
        const LayoutCodec& layout, const LeaseOptions& options,
        Instance instance);
  ~Lease() override;

  void Put(const Instance& instance, Done done) override;
  void Refresh(Done done) override;
  void Remove(Done done) override;
  void Abort() override;

 private:
  using OnAnswer = std::function<void(absl::StatusOr<net::JsonDocument>)>;

  bool IsYoungerThan(std::chrono::milliseconds age) const;
  void Later(absl::Status status, Done done);
  void Revive(Done done);
  void Grant(Done done);
  void Write(Done done);
  void WriteWhereFree(std::vector<Record> records, Done done);
  void Guarded(const std::vector<Record>& records, std::int64_t revision,
               Done done);
  void OnWritten(const absl::StatusOr<std::int64_t>& revision,
                 const Done& done);
  std::vector<OwnedKey> OwnedKeys() const;
  void Send(std::string_view verb, std::string_view path, std::string body,
            OnAnswer on_answer);
  absl::Status Error(std::string_view verb, const absl::Status& cause) const;

  base::Loop& loop_;
  Requester& requester_;
  Heartbeat& heartbeat_;
  const LayoutCodec& layout_;
  const LeaseOptions options_;

  Instance instance_;              // As it was put last.
  std::int64_t time_ns_ = 0;       // Since when it is that.
  std::int64_t lease_ = 0;         // 0: none that is known to live.
  std::vector<std::string> keys_;  // As they were put last.
  std::int64_t put_at_ = 0;        // The revision of that put; 0: not known.
  bool has_held_ = false;          // A put has succeeded, ever.
  int grants_left_ = 0;            // In the put under way.
  base::Clock::TimePoint last_alive_{};

  Requester::RequestId request_ = 0;
  Heartbeat::TicketId ticket_ = 0;
  base::Loop::TimerId timer_ = 0;
};

}  // namespace naming::etcd

#endif  // NAMING_ETCD_LEASE_H_
