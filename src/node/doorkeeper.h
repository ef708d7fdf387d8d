// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_DOORKEEPER_H_
#define NAMING_NODE_DOORKEEPER_H_

#include <memory>

struct evconnlistener;
struct event;

namespace naming::node {

// Turns new connections away, each with an answer, while the process is short
// of file descriptors: those that are served stay served, and the rest of the
// process still finds a few. What waits to be accepted never wakes the loop in
// vain.
//
// Used on the loop's thread, or before it runs and after it ended.
class Doorkeeper final {
 public:
  // `listener`, which has an accepting socket and its callback, outlives the
  // Doorkeeper. Null when memory is out.
  static std::unique_ptr<Doorkeeper> Create(evconnlistener* listener);
  ~Doorkeeper();
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

  // To be told when `listener` has accepted a connection.
  void OnAccepted();

 private:
  struct EventDeleter {
    void operator()(event* event) const;
  };
  using Event = std::unique_ptr<event, EventDeleter>;

  explicit Doorkeeper(evconnlistener* listener) : listener_(listener) {}

  bool Initialize();
  void Refuse();
  void Pause();
  void Resume();

  evconnlistener* const listener_;
  Event refuse_;  // Pending while connections are refused.
  Event resume_;  // Pending while none is accepted, not even to be refused.
};

}  // namespace naming::node

#endif  // NAMING_NODE_DOORKEEPER_H_
