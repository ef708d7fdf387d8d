// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_CONNECTIONS_H_
#define NAMING_GRPC_CONNECTIONS_H_

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "grpc/connection.h"
#include "grpc/methods.h"
#include "naming/balancer.h"
#include "naming/grpc/channel.h"

namespace naming::rpc {

// The Connections to the Endpoints of a list, and the Balancer that chooses
// among those that are connected.
//
// What isn't connected is for the Balancer like what is ejected: known, and not
// chosen. Of each color, those are chosen from that are first in this order:
// connected; connected, but ejected; being connected; being connected, but
// ejected; all. So a call waits for nobody's handshake while there is somebody
// else, and fails with gRPC's reason when there is none.
//
// Thread-safe. Held by shared_ptr.
class Connections final : public Connection::Listener,
                          public std::enable_shared_from_this<Connections> {
 public:
  using Dial =
      std::function<std::shared_ptr<grpc::Channel>(const std::string& address)>;

  Connections(Dial dial, std::shared_ptr<Methods> methods);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Returns the Balancer to make a Balanced with: `balancer`, which gets to
  // know who is connected. To be called once.
  std::unique_ptr<Balancer> Wrap(std::unique_ptr<Balancer> balancer);

  // Returns the one that goes with `pick`, which was made on this thread by its
  // last call of a Balanced, and keeps it alive; null: `pick` is a probe of an
  // ejected Endpoint.
  static Connection* ChosenFor(const Pick& pick);

  // Returns the Connection to `address`, or null.
  std::shared_ptr<Connection> Find(const std::string& address) const;

  grpc_connectivity_state state() const;
  std::vector<GrpcPeer> peers() const;

  // Waits until state() is, or is not, `state`; returns whether that came in
  // time.
  bool WaitUntilIs(grpc_connectivity_state state,
                   std::chrono::steady_clock::time_point deadline) const;
  bool WaitUntilIsNot(grpc_connectivity_state state,
                      std::chrono::steady_clock::time_point deadline) const;

  // Delivers `tag` on `queue`, with true once state() isn't `seen`, with false
  // after `deadline`.
  void Notify(grpc_connectivity_state seen, gpr_timespec deadline,
              grpc::CompletionQueue* queue, void* tag);

  void OnStateChange() override;

 private:
  class WrappedBalancer;

  // An Endpoint of the list, and what was said of it last.
  struct Entry {
    Candidate candidate;  // For the Balancer; its Instance is a Dialled.
    std::shared_ptr<const Instance> instance;  // As it was given to us.
    std::shared_ptr<Connection> connection;
    bool is_ejected = false;  // By who gave us the list.
    bool is_left_out = false;

    // Of the connection, when it was last told to the Balancer.
    grpc_connectivity_state state = GRPC_CHANNEL_IDLE;
  };
  using ByAddress =
      std::map<std::string, std::shared_ptr<Connection>, std::less<>>;

  // Who waits on a CompletionQueue for a change: the change of a channel of its
  // own, which nobody else has.
  struct Waiter {
    std::shared_ptr<grpc::Channel> channel;
    grpc_connectivity_state seen;
    gpr_timespec deadline;
  };

  void SetCandidates(std::vector<Candidate> candidates);
  absl::StatusOr<Pick> Choose(const PickOptions* options);
  ByAddress ConnectionsFor(const std::vector<Candidate>& candidates);
  void SetEntries(std::vector<Candidate> candidates,
                  const ByAddress& by_address)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(updating_);
  bool LeaveOut() ABSL_EXCLUSIVE_LOCKS_REQUIRED(updating_);
  void Publish(bool has_new_list) ABSL_EXCLUSIVE_LOCKS_REQUIRED(updating_);
  void SetState(grpc_connectivity_state state);

  const Dial dial_;
  const std::shared_ptr<Methods> methods_;
  std::unique_ptr<Balancer> balancer_;  // Set by Wrap().

  // Held while the Balancer is given a list, so that the last one given is the
  // newest: Balancers call nothing of ours from there.
  mutable base::Mutex updating_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(updating_);
  bool has_list_ ABSL_GUARDED_BY(updating_) = false;

  // Locked within `updating_`, where both are.
  mutable base::Mutex mutex_;
  mutable base::CondVar changed_;
  ByAddress by_address_ ABSL_GUARDED_BY(mutex_);
  grpc_connectivity_state state_ ABSL_GUARDED_BY(mutex_) =
      GRPC_CHANNEL_CONNECTING;
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::rpc

#endif  // NAMING_GRPC_CONNECTIONS_H_
