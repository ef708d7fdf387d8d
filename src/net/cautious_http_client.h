// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_CAUTIOUS_HTTP_CLIENT_H_
#define NAMING_NET_CAUTIOUS_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>

#include "base/loop.h"
#include "net/http_client.h"

namespace naming::net {

// An HttpClient that sends few requests to a server that says nothing. One that
// hasn't answered yet, or not since its last failure, gets one at a time, and
// any other kMostUnanswered after its last answer; while these are under way
// further ones wait in a line. An answer releases the whole line; a failure
// ends it, with kUnavailable and the mark base::kUnsent, unless that is one
// of a request sent before the last answer. So a server that hangs isn't
// hammered, all who wait for it are told by the first time-out, and one that is
// only slow is asked as fast as it answers.
//
// A request's timeout is also the longest that it waits in line; what is
// released has it once more.
class CautiousHttpClient final : public HttpClient {
 public:
  static constexpr int kMostUnanswered = 4;

  // Both outlive the object; `http` lives on `loop`.
  CautiousHttpClient(base::Loop& loop, HttpClient& http);
  ~CautiousHttpClient() override;

  RequestId Send(HttpRequest request, Done done) override;
  void Abort(RequestId id) override;
  bool MayBeSent(RequestId id) const override;

  // Returns how many servers it knows something of.
  std::size_t server_count() const { return servers_.size(); }

 private:
  using Line = std::list<RequestId>;
  struct Server {
    int requests = 0;    // All that there are.
    int under_way = 0;   // Of these, sent.
    int unanswered = 0;  // Those sent since the last answer.
    bool is_known_to_answer = false;
    std::uint64_t answers = 0;
    Line line;
  };
  struct Request {
    std::string server;
    Done done;
    RequestId sent_as = 0;             // 0: not sent.
    std::uint64_t answers_before = 0;  // Of its server.

    // While it isn't.
    HttpRequest unsent;
    base::Loop::TimerId timer = 0;  // Ends that.
    Line::iterator place;           // The line's end: it has left.
  };

  static bool MaySend(const Server& server);
  void SendNow(RequestId id, HttpRequest request);
  void Queue(RequestId id, HttpRequest request);
  void OnDone(RequestId id, absl::StatusOr<HttpResponse> response);
  Request Take(RequestId id);
  void Note(const Request& request, const absl::Status& status);
  void SendFirst(Server& server);
  void SendWhatMay(Server& server);
  void EndLine(Server& server, const absl::Status& cause);
  void ForgetIdle();

  base::Loop& loop_;
  HttpClient& http_;
  RequestId last_id_ = 0;
  std::map<RequestId, Request> requests_;
  std::map<std::string, Server> servers_;
};

}  // namespace naming::net

#endif  // NAMING_NET_CAUTIOUS_HTTP_CLIENT_H_
