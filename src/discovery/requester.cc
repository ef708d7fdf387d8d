// SPDX-License-Identifier: Apache-2.0

#include "discovery/requester.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/unsent.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;

// A node subtracts 20 ms from a deadline above 20 ms (A.1).
constexpr milliseconds kDeadlineMargin{20};

constexpr int kFirstHttpError = 400;

// What even a hasty request may take.
constexpr milliseconds kLeastPatience{50};

// What a node couldn't be asked for is no verdict on the request itself:
// whatever the transport says, to the user the node was unavailable.
absl::Status NodeStatus(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:
      return status;
    default:
      return absl::UnavailableError(std::string(status.message()));
  }
}

}  // namespace

Requester::Requester(const base::Clock& clock, net::HttpClient& http,
                     core::Nodes& nodes, RequesterOptions options)
    : clock_(clock),
      http_(http),
      nodes_(nodes, options.purpose),
      options_(std::move(options)) {}

Requester::RequestId Requester::Send(Call call, Done done) {
  net::HttpRequest request;
  request.method = call.method;
  request.url = absl::StrFormat("%s%s", call.node, call.path);
  if (call.method == net::HttpRequest::Method::kGet) {
    request.url += '?';
    request.url += call.parameters;
  } else {
    request.body = std::move(call.parameters);
    request.headers.emplace_back("Content-Type",
                                 "application/x-www-form-urlencoded");
  }
  request.connect_timeout = options_.connect_timeout;
  milliseconds patience = options_.request_timeout;
  if (call.is_hasty) patience = HastyTimeout();
  if (call.patience > milliseconds::zero()) {
    patience = std::min(patience, call.patience);
  }
  request.timeout = patience + call.hold;
  request.passes_line = call.passes_line;
  const milliseconds budget =
      call.hold > milliseconds::zero() ? call.hold + kDeadlineMargin : patience;
  request.headers.emplace_back("x1-bmspy-timeout",
                               absl::StrFormat("%d", budget.count()));
  if (!options_.app_id.empty()) {
    request.headers.emplace_back("x1-bmspy-user", options_.app_id);
  }
  request.headers.emplace_back("User-Agent", options_.user_agent);
  counters().requests.Add();
  counters().bytes_sent.Add(request.url.size() + request.body.size());
  return http_.Send(
      std::move(request),
      [this, began = clock_.Now(), what = std::move(call.what),
       node = std::move(call.node), read_data = std::move(call.read_data),
       tells_how = call.tells_how,
       done = std::move(done)](absl::StatusOr<net::HttpResponse> response) {
        const bool has_answered =
            response.ok() && response->status_code < kFirstHttpError;
        absl::StatusOr<Answer> answer = Decode(std::move(response), read_data);
        if (answer.ok()) {
          nodes_.Succeeded(node);
        } else {
          const absl::Status how = answer.status();
          absl::Status cause = NodeStatus(base::WithoutUnsentMark(how));
          // By a code in a proper answer, that is.
          if (has_answered && absl::IsUnavailable(how)) {
            nodes_.Refused(node, began, cause);
          } else {
            nodes_.Failed(node, began, cause);
          }
          if (tells_how && absl::IsDeadlineExceeded(how)) {
            cause = absl::DeadlineExceededError(cause.message());
          }
          answer = Describe(what, node, cause);
          if (tells_how && base::IsUnsent(how)) {
            answer = base::Unsent(answer.status());
          }
        }
        done(std::move(answer));
      });
}

absl::StatusOr<Answer> Requester::Decode(
    absl::StatusOr<net::HttpResponse> response, const ReadData& read_data) {
  if (!response.ok()) {
    counters().failed_requests.Add();
    return response.status();
  }
  counters().bytes_received.Add(response->body.size());
  absl::StatusOr<Answer> answer = DecodeAnswer(*std::move(response), read_data);
  if (!answer.ok()) counters().failed_requests.Add();
  if (absl::IsInternal(answer.status())) counters().decode_errors.Add();
  return answer;
}

milliseconds Requester::HastyTimeout() const {
  const std::size_t turns = std::max<std::size_t>(3, nodes_.All().size() + 1);
  return std::max(kLeastPatience,
                  options_.request_timeout / static_cast<int>(turns));
}

absl::Status Requester::NoNode(std::string_view what) const {
  return absl::UnavailableError(absl::StrFormat(
      "discovery: %s: every node failed lately; the last one: %s", what,
      nodes_.last_error()));
}

absl::Status Describe(std::string_view what, std::string_view node,
                      const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrFormat("discovery: %s: %s: %s", what, node,
                                      std::string(status.message())));
}

}  // namespace naming::discovery
