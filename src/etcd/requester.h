// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_REQUESTER_H_
#define NAMING_ETCD_REQUESTER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/backoff.h"
#include "base/loop.h"
#include "core/nodes.h"
#include "net/http_client.h"

namespace naming::etcd {

struct RequesterOptions {
  std::string user_agent;
  std::string user;  // Empty: requests carry no token.
  std::string password;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);
  std::chrono::milliseconds request_timeout = std::chrono::seconds(3);
  std::uint64_t seed = 1;
};

// One request to a member.
struct Call {
  std::string what;       // Begins error messages: "register helloworld".
  std::string node;       // "http://host:port"; empty: whose turn it is.
  std::string_view path;  // "/kv/range"; a constant.
  std::string body;

  // As net::HttpRequest; unless empty, `timeout` is the stream's whole life.
  std::function<void(std::string_view)> on_body;
  std::chrono::milliseconds timeout{0};  // Zero: the options' request_timeout.
};

// Sends requests to members, with a token where there is a user, and keeps
// account of the members' health.
//
// The token is got when it is first needed, shared by all requests, and got
// anew when a member refuses it; then the request is repeated once. While the
// user's password is refused, members are asked for a token ever more rarely. A
// bounded number of requests is under way at a time, streams apart.
//
// Lives on one loop, that of its HttpClient.
class Requester final {
 public:
  using RequestId = std::uint64_t;  // 0 is no request.

  // Gets an answer with status 200, or why there is none: a complete message,
  // `etcd: register app: http://host:port: cause`, and a code as
  // DecodeAnswer(); kUnavailable when the member couldn't be asked.
  using Done = std::function<void(absl::StatusOr<net::HttpResponse>)>;

  // All of them outlive the Requester.
  Requester(base::Loop& loop, net::HttpClient& http, core::Nodes& nodes,
            RequesterOptions options);

  // Calls `done` once, and never from within Send(), unless aborted first.
  RequestId Send(Call call, Done done);
  void Abort(RequestId id);

  // Returns, within a `done`, which member was asked.
  const std::string& asked_node() const { return asked_node_; }

  // The token that stream `id` was opened with was refused.
  void DropToken(RequestId id);

  // Tells that `node` has failed: after nodes() has been told, and after the
  // request's own `done`.
  void TellNodeFailed(const std::string& node) {
    if (on_node_failed_ != nullptr) on_node_failed_(node);
  }

  // Is called with a member whenever a request to it fails.
  void set_on_node_failed(std::function<void(const std::string&)> callback) {
    on_node_failed_ = std::move(callback);
  }

  core::Nodes& nodes() { return nodes_; }

 private:
  struct Pending {
    Call call;
    Done done;
    std::string node;   // Where it was sent.
    std::string token;  // That it was sent with.
    std::string_view api;
    net::HttpClient::RequestId http = 0;
    base::Loop::TimerId refusal = 0;
    base::Clock::TimePoint began{};
    bool was_repeated = false;
    bool is_under_way = false;
  };

  bool NeedsToken() const;
  void Begin(RequestId id);
  void FinishSoon(RequestId id, absl::Status status);
  void Start(RequestId id);
  void StartQueued();
  void OnAnswered(RequestId id, absl::StatusOr<net::HttpResponse> response);
  bool Repeat(RequestId id, const absl::StatusOr<net::HttpResponse>& response,
              const absl::Status& status);
  void Finish(RequestId id, absl::StatusOr<net::HttpResponse> result);
  void Authenticate(const std::string& node);
  void OnAuthenticated(const std::string& node, base::Clock::TimePoint began,
                       const absl::StatusOr<net::HttpResponse>& response);
  absl::Status TakeToken(const absl::StatusOr<net::HttpResponse>& response);
  void FinishTokenless(const std::string& node, const absl::Status& status);
  absl::Status DescribeRefusal(std::string_view what, std::string_view node,
                               const absl::Status& status) const;
  net::HttpRequest MakeRequest(std::string_view node, std::string_view path,
                               std::string body) const;

  base::Loop& loop_;
  net::HttpClient& http_;
  core::Nodes& nodes_;
  const RequesterOptions options_;
  std::function<void(const std::string&)> on_node_failed_;

  std::string_view api_;  // How paths begin: see Repeat().
  std::string token_;
  bool is_auth_off_ = false;  // The server takes nobody's password.
  net::HttpClient::RequestId authentication_ = 0;
  absl::Status refusal_;  // Of the user, as a member said it last.
  std::string refused_by_;
  base::Clock::TimePoint refused_until_{};
  base::Backoff refusal_pauses_;

  RequestId last_id_ = 0;
  std::map<RequestId, Pending> pending_;
  std::deque<RequestId> queue_;      // For their turn.
  std::deque<RequestId> tokenless_;  // For a token.
  int under_way_ = 0;
  std::string asked_node_;
};

// Returns `status` with `etcd: <what>: <node>: ` before its message.
absl::Status Describe(std::string_view what, std::string_view node,
                      const absl::Status& status);

}  // namespace naming::etcd

#endif  // NAMING_ETCD_REQUESTER_H_
