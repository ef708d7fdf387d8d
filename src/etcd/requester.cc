// SPDX-License-Identifier: Apache-2.0

#include "etcd/requester.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_mark.h"
#include "core/monitor.h"
#include "etcd/protocol.h"

namespace naming::etcd {
namespace {

// A thousand registrations must not open a thousand connections.
constexpr int kMaxUnderWay = 32;

// Between attempts with a password that was refused: people change it.
constexpr std::chrono::seconds kFirstRefusalPause{2};
constexpr std::chrono::seconds kMaxRefusalPause{30};

constexpr std::string_view kApi = "/v3";
constexpr std::string_view kOldApi = "/v3beta";  // Of etcd 3.3.

// Whether `status` speaks against the member rather than the request. A store
// that is full, or an answer that is too large, is so at any member, which
// still serves watches and keeps leases alive.
bool IsMembersFault(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

absl::Status StatusOf(const absl::StatusOr<net::HttpResponse>& response) {
  if (!response.ok()) {
    // To the user the member was unavailable, whatever the transport says.
    return response.status().code() == absl::StatusCode::kResourceExhausted
               ? response.status()
               : absl::UnavailableError(
                     std::string(response.status().message()));
  }
  if (response->status_code == 200) return absl::OkStatus();
  return DecodeAnswer(*response).status();
}

// 404 with a text: there is no such API, or no gateway at all.
bool IsApiMissing(const absl::StatusOr<net::HttpResponse>& response) {
  return response.ok() && response->status_code == 404 &&
         response->body.find('{') == std::string::npos;
}

}  // namespace

Requester::Requester(base::Loop& loop, net::HttpClient& http,
                     core::Nodes& nodes, RequesterOptions options)
    : loop_(loop),
      http_(http),
      nodes_(nodes),
      options_(std::move(options)),
      api_(kApi),
      refusal_pauses_(kFirstRefusalPause, kMaxRefusalPause, options_.seed) {}

Requester::RequestId Requester::Send(Call call, Done done) {
  const RequestId id = ++last_id_;
  Pending& pending = pending_[id];
  pending.call = std::move(call);
  pending.done = std::move(done);
  Begin(id);
  return id;
}

void Requester::Abort(RequestId id) {
  const auto node = pending_.extract(id);
  if (!node) return;
  http_.Abort(node.mapped().http);
  loop_.CancelTimer(node.mapped().refusal);
  if (node.mapped().is_under_way) --under_way_;
  StartQueued();
}

void Requester::DropToken(RequestId id) {
  // Another request may have got a new one meanwhile.
  const auto it = pending_.find(id);
  if (it != pending_.end() && token_ == it->second.token) token_.clear();
}

bool Requester::NeedsToken() const {
  return !options_.user.empty() && token_.empty() && !is_auth_off_;
}

// A member is chosen as late as possible: while a request waits for its turn,
// or for a token, the one that it would go to may fail.
void Requester::Begin(RequestId id) {
  Pending& pending = pending_.at(id);
  if (pending.call.on_body == nullptr && under_way_ >= kMaxUnderWay) {
    queue_.push_back(id);
    return;
  }
  if (NeedsToken() && authentication_ != 0) {
    tokenless_.push_back(id);
    return;
  }
  if (NeedsToken() && loop_.clock().Now() < refused_until_) {
    return FinishSoon(
        id, DescribeRefusal(pending.call.what, refused_by_, refusal_));
  }
  pending.node = pending.call.node;
  if (pending.node.empty()) pending.node = nodes_.Choose().value_or("");
  if (pending.node.empty()) {
    return FinishSoon(
        id, absl::UnavailableError(absl::StrFormat(
                "etcd: %s: every member failed lately; the last one: %s",
                pending.call.what, nodes_.last_error())));
  }
  if (NeedsToken()) {
    tokenless_.push_back(id);
    return Authenticate(pending.node);
  }
  Start(id);
}

void Requester::FinishSoon(RequestId id, absl::Status status) {
  pending_.at(id).refusal = loop_.RunAfter(
      base::Clock::Duration::zero(),
      [this, id, status = std::move(status)] { Finish(id, status); });
}

void Requester::Start(RequestId id) {
  Pending& pending = pending_.at(id);
  net::HttpRequest request =
      MakeRequest(pending.node, pending.call.path, pending.call.body);
  if (pending.call.timeout.count() > 0) request.timeout = pending.call.timeout;
  request.on_body = pending.call.on_body;
  nodes_.monitor().counters().requests.Add();
  pending.token = token_;
  pending.api = api_;
  pending.began = loop_.clock().Now();
  if (pending.call.on_body == nullptr) {
    pending.is_under_way = true;
    ++under_way_;
  }
  pending.http =
      http_.Send(std::move(request),
                 [this, id](absl::StatusOr<net::HttpResponse> response) {
                   OnAnswered(id, std::move(response));
                 });
}

void Requester::StartQueued() {
  while (under_way_ < kMaxUnderWay && !queue_.empty()) {
    const RequestId id = queue_.front();
    queue_.pop_front();
    if (pending_.count(id) != 0) Begin(id);
  }
}

void Requester::OnAnswered(RequestId id,
                           absl::StatusOr<net::HttpResponse> response) {
  Pending& pending = pending_.at(id);
  pending.http = 0;
  if (std::exchange(pending.is_under_way, false)) --under_way_;
  const absl::Status status = StatusOf(response);
  if (Repeat(id, response, status)) return StartQueued();
  if (status.ok()) {
    nodes_.Succeeded(pending.node);
    Finish(id, std::move(response));
  } else {
    const std::string node = pending.node;
    const auto began = pending.began;
    // A stream that has had its time has not failed.
    const bool has_expired = pending.call.on_body != nullptr &&
                             absl::IsDeadlineExceeded(response.status()) &&
                             !base::kUnsent.IsOn(response.status());
    const bool is_members_fault = !has_expired && IsMembersFault(status);
    if (!has_expired) nodes_.monitor().counters().failed_requests.Add();
    // Before `done`, so that what that sends goes elsewhere.
    if (is_members_fault) {
      nodes_.Failed(node, began, status);
    } else {
      nodes_.Succeeded(node);
    }
    Finish(id, Describe(pending.call.what, node,
                        has_expired ? response.status() : status));
    if (is_members_fault) TellNodeFailed(node);
  }
  StartQueued();
}

// Returns whether the request is on its way once more: with a new token, or
// with the other beginning of paths.
bool Requester::Repeat(RequestId id,
                       const absl::StatusOr<net::HttpResponse>& response,
                       const absl::Status& status) {
  Pending& pending = pending_.at(id);
  const bool is_token_refused =
      !options_.user.empty() && absl::IsUnauthenticated(status);
  if (pending.was_repeated || (!is_token_refused && !IsApiMissing(response))) {
    return false;
  }
  pending.was_repeated = true;
  pending.call.node = pending.node;
  if (is_token_refused) {
    DropToken(id);
    is_auth_off_ = false;
  } else if (api_ == pending.api) {
    api_ = api_ == kApi ? kOldApi : kApi;
  }
  Begin(id);
  return true;
}

void Requester::Finish(RequestId id, absl::StatusOr<net::HttpResponse> result) {
  auto node = pending_.extract(id);
  asked_node_ = std::move(node.mapped().node);
  node.mapped().done(std::move(result));
}

void Requester::Authenticate(const std::string& node) {
  authentication_ = http_.Send(
      MakeRequest(node, "/auth/authenticate",
                  AuthenticateBody(options_.user, options_.password)),
      [this, node, began = loop_.clock().Now()](
          const absl::StatusOr<net::HttpResponse>& response) {
        authentication_ = 0;
        OnAuthenticated(node, began, response);
      });
}

void Requester::OnAuthenticated(
    const std::string& node, base::Clock::TimePoint began,
    const absl::StatusOr<net::HttpResponse>& response) {
  const absl::Status status = TakeToken(response);
  const bool is_members_fault = IsMembersFault(status);
  if (is_members_fault) {
    nodes_.Failed(node, began, status);
  } else {
    nodes_.Succeeded(node);
  }
  if (status.ok()) {
    refusal_pauses_.Reset();
  } else if (!is_members_fault) {
    refused_until_ = loop_.clock().Now() + refusal_pauses_.Next();
    refused_by_ = node;
    refusal_ = status;
  }
  FinishTokenless(node, status);
  if (is_members_fault) TellNodeFailed(node);
}

void Requester::FinishTokenless(const std::string& node,
                                const absl::Status& status) {
  const auto waiting = std::exchange(tokenless_, {});
  for (const RequestId id : waiting) {
    const auto it = pending_.find(id);
    if (it == pending_.end()) continue;
    if (status.ok()) {
      Begin(id);
    } else {
      Finish(id, DescribeRefusal(it->second.call.what, node, status));
    }
  }
}

// Returns why the member gives none, OK also when it needs none.
absl::Status Requester::TakeToken(
    const absl::StatusOr<net::HttpResponse>& response) {
  absl::Status status = StatusOf(response);
  if (status.ok()) {
    const auto document = DecodeAnswer(*response);
    if (!document.ok()) return document.status();
    auto token = DecodeToken(document->root());
    if (token.ok()) token_ = *std::move(token);
    return token.status();
  }
  // "authentication is not enabled".
  if (!absl::IsFailedPrecondition(status)) return status;
  is_auth_off_ = true;
  return absl::OkStatus();
}

absl::Status Requester::DescribeRefusal(std::string_view what,
                                        std::string_view node,
                                        const absl::Status& status) const {
  return Describe(
      what, node,
      absl::Status(status.code(),
                   absl::StrFormat("authenticate %s: %s", options_.user,
                                   std::string(status.message()))));
}

net::HttpRequest Requester::MakeRequest(std::string_view node,
                                        std::string_view path,
                                        std::string body) const {
  // etcd 3.3 has just this one elsewhere.
  if (api_ == kOldApi && path == "/lease/revoke") path = "/kv/lease/revoke";
  net::HttpRequest request;
  request.method = net::HttpRequest::Method::kPost;
  request.url = absl::StrFormat("%s%s%s", node, api_, path);
  request.body = std::move(body);
  request.connect_timeout = options_.connect_timeout;
  request.timeout = options_.request_timeout;
  request.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", options_.user_agent},
                     // A member without a leader says so at once, instead of
                     // holding requests, and watches for ever.
                     {"Grpc-Metadata-hasleader", "true"}};
  if (!token_.empty()) request.headers.emplace_back("Authorization", token_);
  return request;
}

absl::Status Describe(std::string_view what, std::string_view node,
                      const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrFormat("etcd: %s: %s: %s", what, node,
                                      std::string(status.message())));
}

}  // namespace naming::etcd
