// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_HTTP_CLIENT_H_
#define NAMING_HTTP_CLIENT_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/balanced.h"
#include "naming/balancer.h"
#include "naming/builder.h"
#include "naming/endpoint.h"
#include "naming/export.h"
#include "naming/http/options.h"

namespace naming::http {

// Names and values, in their order; a name may come more than once.
using Headers = std::vector<std::pair<std::string, std::string>>;

// Thread-compatible. A value.
struct NAMING_EXPORT Request {
  std::string method = "GET";
  std::string path = "/";  // With the query, percent-encoded: "/v1/users?id=7".

  // Not Host, Content-Length, Transfer-Encoding, Connection or Expect, which
  // are ours.
  Headers headers = {};

  std::string body = {};

  // How long it may take in all; empty: ClientOptions::timeout. Range: [1ms,
  // 1h].
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;

  // Whether the request may be sent again after a server may have acted on it.
  // Empty: GET, HEAD, OPTIONS, TRACE, PUT and DELETE may, as HTTP has it.
  std::optional<bool> is_idempotent = std::nullopt;

  // What the choice of an Instance goes by.
  PickOptions pick = {};
};

// Thread-compatible. A value.
struct NAMING_EXPORT Response {
  int status_code = 0;
  Headers headers;
  std::string body;
  Endpoint endpoint;  // Who answered.
  int attempts = 1;   // How many times the request was sent, or tried to be.

  // Returns the value of the first header of that name, in whatever case;
  // nothing when there is none. It refers into this Response.
  std::optional<std::string_view> Header(std::string_view name) const;
};

// An Instance for a request that a caller sends on a libcurl handle of its own:
//
//   absl::StatusOr<naming::http::Lease> lease = client->Pick();
//   if (!lease.ok()) return lease.status();
//   absl::Status applied = lease->Apply(easy, "/v1/users");
//   if (!applied.ok()) return applied;
//   CURLcode code = curl_easy_perform(easy);
//   long status = 0;
//   curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
//   lease->Done(code, status);
//
// Destroyed without Done() the request counts as cancelled.
//
// Thread-compatible. Movable; moved-from, it may be destroyed or assigned to.
// May outlive its Client.
class NAMING_EXPORT Lease final {
 public:
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  const Endpoint& endpoint() const;

  // Sets on `easy`, a CURL*, what leads to the Instance: the URL, CONNECT_TO,
  // no proxy, the protocols; and the Client's timeouts and TLS files.
  // Everything else is the caller's, and so is whatever is set later. `easy`
  // refers to this Lease from then on, until it is applied another one or
  // reset.
  //
  // Errors: kInvalidArgument, `easy` is null, or `path` doesn't begin with '/'
  // or has blanks or control characters.
  absl::Status Apply(void* easy, std::string_view path) const;

  // Tells how the request ended: a CURLcode, and the status of the answer, 0
  // when there was none. Only the first call counts. Never waits.
  void Done(int code, long status_code);

 private:
  friend class Client;
  struct Rep;
  explicit Lease(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

// Sends HTTP/1.1 requests to the Instances of an application. Each request goes
// to the Instance that a Balanced picks, which is told how it ended: an answer
// of 500 or more, none in time, and no connection are the server's failures.
//
// A request that didn't succeed is sent again, to another Instance where there
// is one:
//   - whatever it is, when nothing of it was sent: no connection;
//   - if it is idempotent (Request::is_idempotent), also when the connection
//     broke, when no answer came in `attempt_timeout`, and after a 502, 503 or
//     504;
// as long as there is time, up to `max_attempts`, and within `retry_share`. So
// a POST whose body was sent is never sent twice, nor on a new connection when
// the old one broke, unless the Request says that it may be.
//
// Each Instance has connections of its own, used again and again; those of one
// that is no longer to be called are closed: at once when unused, else when
// their request has ended. Redirects aren't followed, and no proxy is used,
// whatever the environment says.
//
// Has no thread of its own. Thread-safe. May outlive the client of the
// registry, and then calls the Instances of its last list. Destroying it ends
// its waiting calls with kCancelled; the caller sees to it that no new call
// starts meanwhile, and that it isn't destroyed within `choice.on_event`.
class NAMING_EXPORT Client final {
 public:
  // Returns a Client for `target`, such as "discovery://default/demo.greeter".
  // Never waits and does no I/O: there need not be any Instance yet.
  //
  // Errors: kInvalidArgument, a part of `target` or an option is malformed, no
  // Builder has the scheme, or the backend doesn't know a parameter.
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      const Builders& builders, std::string_view target,
      ClientOptions options = {});

  // The same with one Builder, such as a discovery::Client, which need not
  // outlive it.
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      Builder& builder, std::string_view target, ClientOptions options = {});

  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends `request` and returns the answer, whatever its status. Waits for it.
  //
  // Errors: kInvalidArgument, a field of the request is malformed, or a file of
  // the options can't be used; kUnavailable, there is no Instance, none could
  // be reached, or the connection broke; kDeadlineExceeded, there was no answer
  // in time: the request may have had its effect; kResourceExhausted, the
  // answer is larger than allowed; kInternal, it isn't HTTP; kCancelled, this
  // Client is being destroyed. The message names the application, the path
  // without its query, the last Instance, the cause and the number of attempts.
  absl::StatusOr<Response> Do(const Request& request);

  // Sends a GET as Do() does. Errors: those of Do().
  absl::StatusOr<Response> Get(std::string_view path);

  // Sends a POST as Do() does. Errors: those of Do().
  absl::StatusOr<Response> Post(std::string_view path, std::string body,
                                std::string_view content_type);

  // Returns the Instance for one request that the caller sends. Never waits.
  //
  // Errors: kUnavailable, there is none.
  absl::StatusOr<Lease> Pick(const PickOptions& options = {});

  // Waits up to `timeout` until there is an Instance to send requests to.
  //
  // Errors: those of Balanced::WaitReady().
  absl::Status WaitReady(std::chrono::milliseconds timeout);

  // Returns what there is to choose from, and what was done about failures.
  BalancedStats stats() const;

 private:
  struct Rep;
  explicit Client(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace naming::http

#endif  // NAMING_HTTP_CLIENT_H_
