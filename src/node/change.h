// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_CHANGE_H_
#define NAMING_NODE_CHANGE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "node/message.h"
#include "node/pollers.h"
#include "node/quirks.h"
#include "node/store.h"

namespace naming::node {

// One change of an application, as each held poll is told of it. Most pollers
// get the same answer, which is made once and shared.
//
// Thread-compatible. To be gone before the Store changes again.
class Change final {
 public:
  // `store` outlives the Change.
  Change(const Store& store, AppKey app, Quirks quirks);

  // Returns the answer to a poll that waits for the application; nullopt: to
  // that one nothing has changed.
  std::optional<Response> AnswerTo(const Waiter& waiter);

 private:
  // Zone asked for, whether it is polls, whether the application is the first.
  using Form = std::tuple<std::string, bool, bool>;

  const AppView& ViewOf(const std::string& zone);
  Response Make(const Waiter& waiter, const AppView& view) const;

  const Store& store_;
  const AppKey app_;
  const Quirks quirks_;
  std::map<std::string, AppView, std::less<>> views_;  // By zone asked for.
  std::map<Form, Response> answers_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_CHANGE_H_
