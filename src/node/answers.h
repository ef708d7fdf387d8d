// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_ANSWERS_H_
#define NAMING_NODE_ANSWERS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "node/message.h"
#include "node/quirks.h"
#include "node/store.h"

namespace naming::node {

// The codes that a node answers with.
inline constexpr int kCodeOk = 0;
inline constexpr int kCodeNotModified = -304;
inline constexpr int kCodeBadRequest = -400;
inline constexpr int kCodeNotFound = -404;
inline constexpr int kCodeConflict = -409;
inline constexpr int kCodeServerError = -500;

// The applications of an answer, in the order of their names.
using AppViews = std::map<std::string_view, AppView>;

// Each of these returns an answer that is, byte for byte, the real server's.

// {"code":…,"message":"…","ttl":1}
Response CodeAnswer(int code);

// CodeAnswer with "data", which is JSON.
Response DataAnswer(int code, std::string_view data);

// The answer to arguments that don't bind; the message of `error` says why.
Response BindAnswer(const absl::Status& error);

// The answer to a poll whose application there isn't.
Response NoSuchAppAnswer(std::string_view app_id);

// The answer to polls that has something new; `missing`: the applications that
// there weren't when it began.
Response PollsAnswer(const AppViews& apps,
                     const std::vector<std::string>& missing,
                     Quirks quirks = {});

// The answer to a poll whose time is over.
Response TimeoutAnswer(Quirks quirks);

// The answer of a node in start-up protection.
Response ProtectedAnswer();

// Returns `response`, which that answer should have replaced, behind it; each
// of them WithCallback().
Response BehindProtectedAnswer(const Response& response,
                               std::string_view callback);

// The answer to a request that the real server forgets to answer.
Response EmptyAnswer();

// The router's answers.
Response PathAnswer();
Response MethodAnswer();

// Returns `response` as the argument of a call of the JavaScript function
// `callback`; unchanged when that is empty or when it isn't JSON.
Response WithCallback(Response response, std::string_view callback);

// The values of "data". An instance of which there is nothing to show has null
// for its metadata, not {}, where `is_raw` says so.
std::string EncodeInstance(const StoredInstance& instance, bool is_raw);
std::string EncodeApp(const AppView& app);
std::string EncodeApps(const AppViews& apps);

// The value of fetch/all: every instance by its application.
std::string EncodeAll(const Store& store);

struct NodeEntry {
  std::string addr;  // "host:port"
  int status = 0;    // 1: lost.
  std::string zone;
};

std::string EncodeNodes(const std::vector<NodeEntry>& nodes);

}  // namespace naming::node

#endif  // NAMING_NODE_ANSWERS_H_
