// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_POLLERS_H_
#define NAMING_NODE_POLLERS_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "node/message.h"
#include "node/store.h"

namespace naming::node {

// A held poll.
struct Waiter {
  RequestId id = 0;
  bool is_plural = false;  // polls, not poll: another form of answer.
  std::string env;
  std::string hostname;              // The poller's name for itself.
  std::string zone;                  // Empty: every zone.
  std::vector<std::string> app_ids;  // As asked for, perhaps repeated.
  std::vector<std::string> missing;  // Those that there were not at the start.
  std::string callback;              // JSONP; mostly empty.
  bool is_protected = false;         // By quirk held nevertheless.
};

// The polls that wait for a change of an application they name, each by itself:
// that two have the same hostname means nothing. (In the real server such two
// share their answers, so that one of them may never get its own; see
// SharedPollers.)
//
// Used on the loop's thread only. Destroying it forgets every poll.
class Pollers final {
 public:
  // Returns the answer to a poll for a change of `app_id`; nullopt: the change
  // is none of its business.
  using Answer = std::function<std::optional<Response>(const Waiter&)>;

  // Called with a poll that is no longer held, and with its answer.
  using Reply = std::function<void(RequestId, Response)>;

  // Returns the answer to a poll whose time is over.
  using Expire = std::function<Response(const Waiter&)>;

  // `loop` outlives the Pollers.
  Pollers(base::Loop& loop, Reply reply, Expire expire);
  ~Pollers();
  Pollers(const Pollers&) = delete;
  Pollers& operator=(const Pollers&) = delete;

  // Holds a poll for at most `hold`.
  void Add(Waiter waiter, base::Clock::Duration hold);

  // Forgets a poll whose client has gone; one that isn't held does nothing.
  void Remove(RequestId id);

  // Answers the polls that wait for `app`, in the order in which they came.
  void Wake(const AppKey& app, const Answer& answer);

  std::size_t size() const { return held_.size(); }

 private:
  struct Held {
    Waiter waiter;
    base::Loop::TimerId timer = 0;
  };

  // Takes a poll out of everything; null: it isn't held.
  std::unique_ptr<Held> Take(RequestId id);

  base::Loop& loop_;
  const Reply reply_;
  const Expire expire_;
  std::unordered_map<RequestId, std::unique_ptr<Held>> held_;
  // Requests are numbered in the order in which they come.
  std::map<AppKey, std::map<RequestId, const Held*>> by_app_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_POLLERS_H_
