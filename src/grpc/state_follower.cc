// SPDX-License-Identifier: Apache-2.0

#include "grpc/state_follower.h"

#include <grpcpp/alarm.h>
#include <pthread.h>

#include <chrono>
#include <thread>
#include <utility>

namespace naming::rpc {

// Waited for under its own address as tag.
struct StateFollower::Event {
  // Whose change this is; empty for a release.
  std::weak_ptr<Connection> connection;

  std::vector<std::shared_ptr<Connection>> released;
  grpc::Alarm alarm;
};

StateFollower& StateFollower::Get() {
  static StateFollower& follower = *new StateFollower();
  return follower;
}

StateFollower::StateFollower() {
  std::thread thread([this] { Run(); });
  pthread_setname_np(thread.native_handle(), "naming-grpc");
  thread.detach();
}

void StateFollower::Follow(const std::shared_ptr<Connection>& connection) {
  auto event = std::make_unique<Event>();
  event->connection = connection;
  const grpc_connectivity_state seen = connection->Look();
  ++pending_;
  Await(std::move(event), *connection->channel(), seen);
}

void StateFollower::Release(
    std::vector<std::shared_ptr<Connection>> connections) {
  if (connections.empty()) return;
  auto* const event = new Event();
  event->released = std::move(connections);
  ++pending_;
  event->alarm.Set(&queue_, std::chrono::system_clock::now(), event);
}

void StateFollower::Await(std::unique_ptr<Event> event, grpc::Channel& channel,
                          grpc_connectivity_state seen) {
  channel.NotifyOnStateChange(seen, gpr_inf_future(GPR_CLOCK_REALTIME), &queue_,
                              event.release());
}

void StateFollower::Run() {
  void* tag = nullptr;
  bool is_ok = false;
  while (queue_.Next(&tag, &is_ok)) {
    // The queue puts in order what is given to it and what it gives; for those
    // who can't see into it, so does this.
    pending_.load();
    std::unique_ptr<Event> event(static_cast<Event*>(tag));
    const std::shared_ptr<Connection> connection = event->connection.lock();
    if (connection != nullptr) {
      const grpc_connectivity_state seen = connection->LookAndTell();
      Await(std::move(event), *connection->channel(), seen);
    } else {
      event.reset();
      --pending_;
    }
  }
}

}  // namespace naming::rpc
