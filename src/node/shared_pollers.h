// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_SHARED_POLLERS_H_
#define NAMING_NODE_SHARED_POLLERS_H_

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/loop.h"
#include "node/message.h"
#include "node/pollers.h"
#include "node/store.h"

namespace naming::node {

// Held polls as the real server keeps them, in place of Pollers: those of one
// hostname for one application share a channel, and so one gets what another
// asked for (Quirk::kSharedPollChannels). A change is sent once for each poll
// that waits for the application, to those that wait longest on the channel.
// The end of a client's connection isn't noticed.
//
// Used on the loop's thread only. Destroying it forgets every poll.
class SharedPollers final {
 public:
  // `loop` outlives the SharedPollers.
  SharedPollers(base::Loop& loop, Pollers::Reply reply, Pollers::Expire expire);
  ~SharedPollers();
  SharedPollers(const SharedPollers&) = delete;
  SharedPollers& operator=(const SharedPollers&) = delete;

  // These do as those of Pollers.
  void Add(Waiter waiter, base::Clock::Duration hold);
  void Wake(const AppKey& app, const Pollers::Answer& answer);
  std::size_t size() const { return held_.size(); }

 private:
  // Who reads from it, in the order in which they came.
  using Channel = std::deque<RequestId>;

  // One hostname's place among those that wait for an application.
  struct Slot {
    std::shared_ptr<Channel> channel;
    std::string zone;       // That the first of the polls asked for.
    std::size_t count = 0;  // Of the polls.
  };

  struct Held {
    Waiter waiter;
    std::shared_ptr<Channel> channel;
    base::Loop::TimerId timer = 0;
  };

  void Finish(RequestId id, Response response);

  base::Loop& loop_;
  const Pollers::Reply reply_;
  const Pollers::Expire expire_;
  std::unordered_map<RequestId, Held> held_;
  std::map<AppKey, std::map<std::string, Slot>> slots_;  // By hostname.
};

}  // namespace naming::node

#endif  // NAMING_NODE_SHARED_POLLERS_H_
