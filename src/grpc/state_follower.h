// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_STATE_FOLLOWER_H_
#define NAMING_GRPC_STATE_FOLLOWER_H_

#include <grpcpp/completion_queue.h>

#include <atomic>
#include <memory>
#include <vector>

#include "grpc/connection.h"

namespace naming::rpc {

// Follows the states of all Connections of the process.
//
// There is one, which lives as long as the process, and so does its thread: its
// CompletionQueue can't be shut down while a call that is still open keeps a
// channel from closing, and nobody may wait for a user's call.
//
// Thread-safe.
class StateFollower final {
 public:
  static StateFollower& Get();

  // Has `connection` connect, and Look()s at each change, as long as it lives.
  void Follow(const std::shared_ptr<Connection>& connection);

  // Releases `connections` on its thread: to close a channel takes a while.
  void Release(std::vector<std::shared_ptr<Connection>> connections);

  // Returns how many changes are waited for, and releases are under way.
  int pending() const { return pending_; }

 private:
  struct Event;

  StateFollower();
  void Run();
  void Await(std::unique_ptr<Event> event, grpc::Channel& channel,
             grpc_connectivity_state seen);

  grpc::CompletionQueue queue_;
  std::atomic<int> pending_{0};
};

}  // namespace naming::rpc

#endif  // NAMING_GRPC_STATE_FOLLOWER_H_
