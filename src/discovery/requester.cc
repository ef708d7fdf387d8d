// SPDX-License-Identifier: Apache-2.0

#include "discovery/requester.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_mark.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;

// A node subtracts 20 ms from a deadline above 20 ms (A.1).
constexpr milliseconds kDeadlineMargin{20};

constexpr int kFirstHttpError = 400;

// How long a node that answered for itself is known to be well, and how often
// one that failed is asked.
constexpr milliseconds kKnownFor{1000};
constexpr std::chrono::seconds kAskFailedAfter{12};

// A poll of the nodes, which is answered at once if there is any.
constexpr milliseconds kLeastHold{100};

// Between two that were refused by all nodes.
constexpr milliseconds kRefusedTurn{100};

// What even a hasty request may take.
constexpr milliseconds kLeastPatience{50};

// What a node couldn't be asked for is no verdict on the request itself:
// whatever the transport says, to the user the node was unavailable.
absl::Status CauseOf(const absl::Status& how) {
  switch (how.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:
      return base::kUnsent.TakeOff(how);
    default:
      return absl::UnavailableError(std::string(how.message()));
  }
}

// Whether the node did something, though it may have been of no use.
bool HasAnswered(const absl::StatusOr<net::HttpResponse>& response) {
  return response.ok() || absl::IsResourceExhausted(response.status()) ||
         net::kAnswerBegun.IsOn(response.status());
}

}  // namespace

Requester::Requester(const base::Clock& clock, net::HttpClient& http,
                     core::Nodes& nodes, RequesterOptions options)
    : clock_(clock),
      http_(http),
      nodes_(nodes, options.purpose),
      reads_(nodes, core::Purpose::kRead),
      options_(std::move(options)) {}

Requester::RequestId Requester::Send(Call call, Done done) {
  Asked asked;
  asked.what = std::move(call.what);
  asked.node = call.node;
  asked.began = clock_.Now();
  // Polls of the nodes themselves are doubted as any other request is.
  const bool is_poll = call.hold > milliseconds::zero();
  asked.is_poll = is_poll && !call.is_for_node;
  asked.is_hurried = call.patience > milliseconds::zero();
  asked.tells_how = call.tells_how;
  asked.is_for_node = call.is_for_node && !is_poll;
  asked.read_data = std::move(call.read_data);
  asked.done = std::move(done);
  net::HttpRequest request = MakeRequest(std::move(call));
  counters().requests.Add();
  counters().bytes_sent.Add(request.url.size() + request.body.size());
  const auto id = std::make_shared<RequestId>(0);
  *id = http_.Send(std::move(request),
                   [this, id, asked = std::move(asked)](
                       absl::StatusOr<net::HttpResponse> response) mutable {
                     OnResponse(*id, std::move(asked), std::move(response));
                   });
  return *id;
}

net::HttpRequest Requester::MakeRequest(Call call) const {
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
  return request;
}

void Requester::Abort(RequestId id) {
  if (in_doubt_.erase(id) == 0) http_.Abort(id);
}

bool Requester::MayBeSent(RequestId id) const {
  return id != 0 && (in_doubt_.count(id) != 0 || http_.MayBeSent(id));
}

void Requester::OnResponse(RequestId id, Asked asked,
                           absl::StatusOr<net::HttpResponse> response) {
  const bool has_answered = HasAnswered(response);
  const bool has_code =
      response.ok() && response->status_code < kFirstHttpError;
  absl::StatusOr<Answer> answer = Decode(std::move(response), asked.read_data);
  core::NodesView& nodes = asked.is_for_node ? reads_ : nodes_;
  if (answer.ok()) {
    nodes.Succeeded(asked.node);
    return asked.done(std::move(answer));
  }
  const absl::Status& how = answer.status();
  if (has_code && absl::IsUnavailable(how)) {
    nodes.Refused(asked.node, asked.began, CauseOf(how));
  } else if (has_answered && IsDoubtful(asked)) {
    return Doubt(id, std::move(asked), how);
  } else {
    nodes.Failed(asked.node, asked.began, CauseOf(how));
  }
  asked.done(Tell(asked, how));
}

// A node that failed is asked for itself now and then alone, though it may just
// be back and the turn have come to what it refuses.
bool Requester::IsDoubtful(const Asked& asked) {
  if (asked.is_for_node) return false;
  if (nodes_.IsWell(asked.node)) return true;
  const auto& began = questions_[{asked.node, asked.is_poll}].began;
  return !began || clock_.Now() - *began >= kAskFailedAfter;
}

void Requester::Doubt(RequestId id, Asked asked, absl::Status how) {
  const std::string node = asked.node;
  const bool is_poll = asked.is_poll;
  const auto& found_well = questions_[{node, is_poll}].found_well;
  const bool is_known = found_well && nodes_.IsWell(node) &&
                        clock_.Now() - *found_well < kKnownFor;
  if (!is_known && !asked.is_hurried) {
    in_doubt_.emplace(id, Doubtful{std::move(asked), std::move(how)});
    return AskForItself(node, is_poll);
  }
  if (!is_known) AskForItself(node, is_poll);
  asked.done(kRequestsFault.PutOn(Tell(asked, how)));
}

void Requester::AskForItself(const std::string& node, bool is_poll) {
  Question& question = questions_[{node, is_poll}];
  if (std::exchange(question.is_under_way, true)) return;
  question.began = clock_.Now();
  Send(MakeQuestion(node, is_poll),
       [this, node, is_poll](const absl::StatusOr<Answer>& answer) {
         Judge(node, is_poll, answer.status());
       });
}

Call Requester::MakeQuestion(const std::string& node, bool is_poll) {
  Call call;
  call.what = absl::StrFormat("fetch %s", kNodesAppId);
  call.node = node;
  call.is_hasty = true;
  call.passes_line = true;
  call.is_for_node = true;
  if (is_poll) {
    PollText nodes;
    nodes.Add(std::string(kNodesAppId), 0);
    call.path = "/discovery/polls";
    call.parameters = PollsQuery(
        options_.env,
        absl::StrFormat("%s/nodes/%d", options_.poller_prefix, ++last_poll_),
        nodes);
    call.hold = kLeastHold;
  } else {
    call.path = "/discovery/fetchs";
    call.parameters = FetchsQuery(options_.env, {std::string(kNodesAppId)});
  }
  return call;
}

// What the node answered has marked it. A node that refuses reads does writes.
void Requester::Judge(const std::string& node, bool is_poll,
                      const absl::Status& status) {
  const bool is_well = nodes_.IsWell(node);
  const bool refuses_polls = kRequestsFault.IsOn(status);
  Question& question = questions_[{node, is_poll}];
  question.is_under_way = false;
  if (is_well && !refuses_polls) question.found_well = clock_.Now();
  std::vector<RequestId> ids;
  for (const auto& [id, doubtful] : in_doubt_) {
    const Asked& asked = doubtful.asked;
    if (asked.node == node && asked.is_poll == is_poll) ids.push_back(id);
  }
  for (const RequestId id : ids) {
    // Another one's `done` may have aborted it.
    auto doubtful = in_doubt_.extract(id);
    if (!doubtful) continue;
    const auto& [asked, how] = doubtful.mapped();
    absl::Status told = Tell(asked, how);
    if (is_well) told = kRequestsFault.PutOn(std::move(told));
    if (refuses_polls) told = kPollsFault.PutOn(std::move(told));
    asked.done(std::move(told));
  }
}

base::Clock::Duration Requester::NextTurn() {
  const auto now = clock_.Now();
  const auto turn = std::max(now, next_turn_);
  next_turn_ = turn + kRefusedTurn;
  return turn - now;
}

// What whoever has asked gets for a status.
absl::Status Requester::Tell(const Asked& asked, const absl::Status& how) {
  absl::Status cause = CauseOf(how);
  if (asked.tells_how && absl::IsDeadlineExceeded(how)) {
    cause = absl::DeadlineExceededError(cause.message());
  }
  absl::Status told = Describe(asked.what, asked.node, cause);
  return asked.tells_how && base::kUnsent.IsOn(how)
             ? base::kUnsent.PutOn(std::move(told))
             : told;
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
  return absl::UnavailableError(
      absl::StrFormat("discovery: %s: no node answers; the last one: %s", what,
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
