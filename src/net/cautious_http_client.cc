// SPDX-License-Identifier: Apache-2.0

#include "net/cautious_http_client.h"

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_mark.h"

namespace naming::net {
namespace {

// More than any registry has. Beyond it nothing is remembered of those that
// nothing is asked of just now.
constexpr std::size_t kMostServers = 256;

// Returns "http://host:port" of "http://host:port/path?query".
std::string ServerOf(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

}  // namespace

CautiousHttpClient::CautiousHttpClient(base::Loop& loop, HttpClient& http)
    : loop_(loop), http_(http) {}

CautiousHttpClient::~CautiousHttpClient() {
  for (const auto& [id, request] : requests_) {
    http_.Abort(request.sent_as);
    loop_.CancelTimer(request.timer);
  }
}

HttpClient::RequestId CautiousHttpClient::Send(HttpRequest request, Done done) {
  const RequestId id = ++last_id_;
  Request& sent = requests_[id];
  sent.server = ServerOf(request.url);
  sent.done = std::move(done);
  if (servers_.size() >= kMostServers && servers_.count(sent.server) == 0) {
    ForgetIdle();
  }
  Server& server = servers_[sent.server];
  ++server.requests;
  if (request.passes_line || MaySend(server)) {
    SendNow(id, std::move(request));
  } else {
    Queue(id, std::move(request));
  }
  return id;
}

void CautiousHttpClient::Abort(RequestId id) {
  if (requests_.count(id) == 0) return;
  const Request request = Take(id);
  http_.Abort(request.sent_as);
  SendWhatMay(servers_.at(request.server));
}

bool CautiousHttpClient::MayBeSent(RequestId id) const {
  const auto it = requests_.find(id);
  return it != requests_.end() && it->second.sent_as != 0;
}

bool CautiousHttpClient::MaySend(const Server& server) {
  const int most = server.is_known_to_answer ? kMostUnanswered : 1;
  return server.under_way == 0 || server.unanswered < most;
}

void CautiousHttpClient::SendNow(RequestId id, HttpRequest request) {
  Request& sent = requests_.at(id);
  Server& server = servers_.at(sent.server);
  // What was sent before has ended, one way or another.
  if (++server.under_way == 1) server.unanswered = 0;
  ++server.unanswered;
  sent.answers_before = server.answers;
  sent.sent_as = http_.Send(std::move(request),
                            [this, id](absl::StatusOr<HttpResponse> response) {
                              OnDone(id, std::move(response));
                            });
}

void CautiousHttpClient::Queue(RequestId id, HttpRequest request) {
  Request& queued = requests_.at(id);
  Server& server = servers_.at(queued.server);
  queued.place = server.line.insert(server.line.end(), id);
  queued.timer = loop_.RunAfter(request.timeout, [this, id,
                                                  timeout = request.timeout] {
    OnDone(id, base::kUnsent.PutOn(absl::DeadlineExceededError(absl::StrFormat(
                   "not sent: no answer to earlier requests within %dms",
                   timeout.count()))));
  });
  queued.unsent = std::move(request);
}

void CautiousHttpClient::OnDone(RequestId id,
                                absl::StatusOr<HttpResponse> response) {
  const Request request = Take(id);
  if (request.sent_as != 0) {
    Server& server = servers_.at(request.server);
    Note(request, response.status());
    SendWhatMay(server);
  }
  request.done(std::move(response));
}

// Returns what is known of a request that ends, and forgets it.
CautiousHttpClient::Request CautiousHttpClient::Take(RequestId id) {
  const auto it = requests_.find(id);
  Request request = std::move(it->second);
  requests_.erase(it);
  Server& server = servers_.at(request.server);
  --server.requests;
  if (request.sent_as == 0) {
    loop_.CancelTimer(request.timer);
    if (request.place != server.line.end()) server.line.erase(request.place);
  } else {
    --server.under_way;
  }
  return request;
}

// What an answer, or that there is none, says of the server.
void CautiousHttpClient::Note(const Request& request,
                              const absl::Status& status) {
  Server& server = servers_.at(request.server);
  const absl::StatusCode code =
      kAnswerBegun.IsOn(status) ? absl::StatusCode::kOk : status.code();
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      if (request.answers_before != server.answers) return;
      server.is_known_to_answer = false;
      return EndLine(server, status);
    case absl::StatusCode::kInvalidArgument:
      return;  // It wasn't even asked.
    default:
      server.is_known_to_answer = true;
      ++server.answers;
      server.unanswered = 0;
      for (std::size_t i = server.line.size(); i > 0; --i) SendFirst(server);
  }
}

void CautiousHttpClient::SendFirst(Server& server) {
  const RequestId id = server.line.front();
  server.line.pop_front();
  Request& request = requests_.at(id);
  loop_.CancelTimer(request.timer);
  SendNow(id, std::move(request.unsent));
}

// When what the line waited for has ended without a word its first goes on.
void CautiousHttpClient::SendWhatMay(Server& server) {
  while (!server.line.empty() && MaySend(server)) SendFirst(server);
}

void CautiousHttpClient::EndLine(Server& server, const absl::Status& cause) {
  const absl::Status status = base::kUnsent.PutOn(absl::UnavailableError(
      absl::StrFormat("not sent: %s", std::string(cause.message()))));
  for (const RequestId id : std::exchange(server.line, {})) {
    Request& request = requests_.at(id);
    request.place = server.line.end();
    loop_.CancelTimer(request.timer);
    request.timer = loop_.RunAfter(base::Clock::Duration::zero(),
                                   [this, id, status] { OnDone(id, status); });
  }
}

void CautiousHttpClient::ForgetIdle() {
  for (auto it = servers_.begin(); it != servers_.end();) {
    it = it->second.requests == 0 ? servers_.erase(it) : std::next(it);
  }
}

}  // namespace naming::net
