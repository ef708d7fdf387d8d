// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_HTTP_CLIENT_H_
#define NAMING_NET_HTTP_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_mark.h"

namespace naming::net {

struct HttpRequest {
  enum class Method { kGet, kPost };

  Method method = Method::kGet;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // Sent with kPost only.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);
  std::chrono::milliseconds timeout = std::chrono::seconds(3);  // In all.

  // A CautiousHttpClient sends it at once, whatever else waits.
  bool passes_line = false;

  std::size_t max_response_bytes = std::size_t{64} << 20;

  // Unless empty, gets the body of an answer with status 200 as it comes, in
  // pieces of any size, in place of HttpResponse::body; max_response_bytes
  // bounds each piece. Called as `done` is, and not after it; may call Send()
  // and Abort().
  std::function<void(std::string_view)> on_body;
};

struct HttpResponse {
  int status_code = 0;
  std::string body;

  // Which of the client's connections it came over. They have ascending
  // numbers, from 1, in the order in which they are made.
  std::uint64_t connection = 0;

  // Whoever answered was there when this connection was made, if not longer: an
  // answer of the same address, over a connection of no higher number, is from
  // the same process, unless several share the address. Over any other it need
  // not be.
  std::uint64_t alive_at = 0;
};

// On the status of a request that took too long: the server did answer.
inline constexpr base::StatusMark kAnswerBegun{"naming.answer_begun"};

// Sends requests, any number at a time, without waiting for them. Redirects
// are answers like any other: never followed.
//
// Used on one loop's thread only, or before that loop runs and after it ended.
class HttpClient {
 public:
  using RequestId = std::uint64_t;  // 0 is no request.

  // Gets the answer, whatever its status code, or why there is none:
  // kUnavailable, not connected, or cut off; kDeadlineExceeded, not connected
  // or not answered in time; kResourceExhausted, larger than
  // max_response_bytes; kInvalidArgument, the URL or a header can't be used.
  // The first two have the mark base::kUnsent when nothing was sent, and
  // kDeadlineExceeded has kAnswerBegun when there was a part of an answer.
  // Messages give the cause alone, without the URL.
  using Done = std::function<void(absl::StatusOr<HttpResponse>)>;

  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  virtual ~HttpClient() = default;

  // Starts `request`. `done` is called once, on the loop's thread and never
  // from within Send(), unless the request is aborted first.
  virtual RequestId Send(HttpRequest request, Done done) = 0;

  // Drops a request, closing its connection; its `done` is never called. One
  // that is done, or 0, does nothing.
  virtual void Abort(RequestId id) = 0;

  // Returns whether the server may have got anything of a request that isn't
  // done.
  virtual bool MayBeSent(RequestId) const { return true; }

 protected:
  HttpClient() = default;
};

}  // namespace naming::net

#endif  // NAMING_NET_HTTP_CLIENT_H_
