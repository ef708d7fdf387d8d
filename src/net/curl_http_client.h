// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_CURL_HTTP_CLIENT_H_
#define NAMING_NET_CURL_HTTP_CLIENT_H_

#include <chrono>
#include <memory>
#include <optional>

#include "base/task_loop.h"
#include "net/http_client.h"
#include "net/tls_options.h"

namespace naming::net {

// HttpClient on a libcurl multi handle. It is the Waiter of the loop that uses
// it, whose thread sleeps in curl_multi_poll.
//
// Destroying it drops every request without calling its `done`. Used as
// HttpClient says; Wake() is thread-safe.
class CurlHttpClient final : public HttpClient, public base::Waiter {
 public:
  explicit CurlHttpClient(TlsOptions tls = {});
  ~CurlHttpClient() override;

  RequestId Send(HttpRequest request, Done done) override;
  void Abort(RequestId id) override;

  void Wait(std::optional<std::chrono::milliseconds> timeout) override;
  void Wake() override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::net

#endif  // NAMING_NET_CURL_HTTP_CLIENT_H_
