// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_REQUESTER_H_
#define NAMING_DISCOVERY_REQUESTER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/status_mark.h"
#include "core/counters.h"
#include "core/nodes.h"
#include "discovery/protocol.h"
#include "net/http_client.h"

namespace naming::discovery {

struct RequesterOptions {
  std::string user_agent;
  std::string app_id;  // Of this program; may be empty.
  std::string env;     // Of what a node is asked for itself.

  // Begins the name of each poll; must be unique to this Client among all
  // clients of the nodes.
  std::string poller_prefix;

  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);
  std::chrono::milliseconds request_timeout = std::chrono::seconds(3);

  // Of all that it sends. A code by which a node refuses reads, as -500 while
  // it is starting up, keeps no other requests from the node.
  core::Purpose purpose = core::Purpose::kAny;
};

// On the status of a call: the node answered, though not properly, and does so
// to others.
inline constexpr base::StatusMark kRequestsFault{"naming.requests_fault"};

// On that of a poll as well: the node refuses all polls, and answers what else
// it is asked.
inline constexpr base::StatusMark kPollsFault{"naming.polls_fault"};

// One request to a discovery node.
struct Call {
  std::string what;  // Begins error messages: "register main.account".
  std::string node;  // "http://host:port".
  net::HttpRequest::Method method = net::HttpRequest::Method::kGet;
  std::string_view path;  // "/discovery/register"; a constant.
  std::string parameters;

  // How long the node may hold the request; zero when it answers at once.
  std::chrono::milliseconds hold{0};

  // How long it may take at most, if that is less than usual; zero: as usual.
  // Whoever is in such a hurry is told a failure at once: as the request's own,
  // while it isn't known whether it is.
  std::chrono::milliseconds patience{0};

  // Reads the answer's data while it is decoded; none: it comes with the
  // Answer.
  ReadData read_data;

  // Whether a failure's status tells how it came about: by the mark
  // base::kUnsent, and kDeadlineExceeded when the node may yet answer.
  bool tells_how = false;

  // See net::HttpRequest::passes_line.
  bool passes_line = false;

  // Whether it asks the node for itself: then whatever is wrong with the answer
  // is the node's fault, or that of all polls.
  bool is_for_node = false;

  // Gives up after a third of the time, or so early that every node gets a turn
  // in that time: somebody waits, and another may be quicker than one that
  // hangs.
  bool is_hasty = false;
};

// Sends requests to discovery nodes, decodes what is around the answers' data,
// and keeps account of the nodes' health.
//
// What stands before a node may refuse the requests of one application and let
// all others pass. So a node is asked for itself when an answer is none, before
// that is called its fault: otherwise one such application would drive all
// others from node to node (C-34).
//
// Lives on one loop, that of its HttpClient.
class Requester final {
 public:
  using RequestId = net::HttpClient::RequestId;

  // Gets the answer whatever its code, or why the node gave none: a complete
  // message, `discovery: register app: http://host:port: cause`; kUnavailable,
  // one of the codes in DecodeAnswer(), or what Call::tells_how adds; then the
  // node has been marked, or the status has the mark kRequestsFault.
  using Done = std::function<void(absl::StatusOr<Answer>)>;

  // All of them outlive the Requester.
  Requester(const base::Clock& clock, net::HttpClient& http, core::Nodes& nodes,
            RequesterOptions options);

  RequestId Send(Call call, Done done);
  void Abort(RequestId id);

  // Returns whether the node may have got a request that isn't done.
  bool MayBeSent(RequestId id) const;

  // Returns how long whoever was refused by all nodes is to wait at least, so
  // that many of them are no flood: each has a turn.
  base::Clock::Duration NextTurn();

  // Returns the status of a call that wasn't even tried because of how the last
  // one failed.
  absl::Status NoNode(std::string_view what) const;

  // Returns the nodes as what it sends sees them.
  core::NodesView& nodes() { return nodes_; }
  core::Counters& counters() { return nodes_.monitor().counters(); }

 private:
  // What is kept of a call for its answer.
  struct Asked {
    std::string what;
    std::string node;
    base::Clock::TimePoint began{};
    bool is_poll = false;
    bool is_hurried = false;
    bool tells_how = false;
    bool is_for_node = false;
    ReadData read_data;
    Done done;
  };

  // A call whose answer is none, while its node is asked for itself.
  struct Doubtful {
    Asked asked;
    absl::Status how;
  };

  // What a node is asked for itself: a poll, or a fetchs.
  struct Question {
    bool is_under_way = false;
    std::optional<base::Clock::TimePoint> began;
    std::optional<base::Clock::TimePoint> found_well;
  };

  net::HttpRequest MakeRequest(Call call) const;
  void OnResponse(RequestId id, Asked asked,
                  absl::StatusOr<net::HttpResponse> response);
  absl::StatusOr<Answer> Decode(absl::StatusOr<net::HttpResponse> response,
                                const ReadData& read_data);
  bool IsDoubtful(const Asked& asked);
  void Doubt(RequestId id, Asked asked, absl::Status how);
  void AskForItself(const std::string& node, bool is_poll);
  Call MakeQuestion(const std::string& node, bool is_poll);
  void Judge(const std::string& node, bool is_poll, const absl::Status& status);
  static absl::Status Tell(const Asked& asked, const absl::Status& how);
  std::chrono::milliseconds HastyTimeout() const;

  const base::Clock& clock_;
  net::HttpClient& http_;
  core::NodesView nodes_;
  core::NodesView reads_;  // The same, for a node that is asked for itself.
  const RequesterOptions options_;
  std::map<RequestId, Doubtful> in_doubt_;
  // By node, and whether it is a poll.
  std::map<std::pair<std::string, bool>, Question> questions_;
  std::uint64_t last_poll_ = 0;
  base::Clock::TimePoint next_turn_{};
};

// Returns `status` with `discovery: <what>: <node>: ` before its message.
absl::Status Describe(std::string_view what, std::string_view node,
                      const absl::Status& status);

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_REQUESTER_H_
