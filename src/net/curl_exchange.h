// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_CURL_EXCHANGE_H_
#define NAMING_NET_CURL_EXCHANGE_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "net/tls_options.h"

namespace naming::net {

// What the exchanges of one client have in common.
struct ExchangeSetting {
  TlsOptions tls;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);
  std::chrono::seconds idle_timeout{60};  // A connection idle for longer is not
                                          // used again.
  std::size_t max_header_bytes = std::size_t{256} << 10;
  std::size_t max_body_bytes = std::size_t{64} << 20;
  int max_redirects = 0;  // 0: redirects are answers like any other.
};

// One request, and what it refers to while it runs.
struct ExchangeRequest {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  std::string method;
  std::string url;
  const Headers* headers = nullptr;  // Null: none.
  std::string_view body;
  std::chrono::milliseconds timeout = std::chrono::seconds(2);  // In all.

  // Whether it may be sent again without anybody's knowing how the first time
  // ended; libcurl does so when a connection that was used before turns out to
  // be dead.
  bool may_repeat = false;
};

struct ExchangeResult {
  enum class Fault {
    kNone,    // It answered; if `status` isn't OK, not as we wish.
    kServer,  // Not reached, cut off, or no HTTP.
    kTimeout,
    kOurs,  // Says nothing about the server.
  };

  // OK: there is an answer. Else as HttpClient::Done has it, and kInternal for
  // what isn't HTTP, kDeadlineExceeded for any timeout, kCancelled after
  // Cancel(), kInvalidArgument for a certificate file that can't be used. The
  // message gives the cause alone.
  absl::Status status;
  Fault fault = Fault::kNone;
  bool was_sent = false;  // False: nothing of it was, so it had no effect.
  int status_code = 0;    // 0: the answer didn't get that far.
  std::vector<std::pair<std::string, std::string>> headers;  // Of the last one.
  std::string body;
};

// A connection to one address, opened when it is needed, and the requests that
// are sent on it one after the other, each waited for.
//
// For one thread at a time; Cancel() for any. Destroying it closes the
// connection.
class CurlExchange final {
 public:
  // `address`, "host:port", is where requests go for `host`, the name in their
  // URLs; empty: to where their URLs say. `setting` outlives this.
  CurlExchange(const ExchangeSetting& setting, std::string_view host,
               std::string_view address);
  ~CurlExchange();
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  ExchangeResult Run(const ExchangeRequest& request);

  // Ends the Run() that is under way, or the next one, and every later one.
  void Cancel();

 private:
  struct Rep;
  const std::unique_ptr<Rep> rep_;
};

// How requests on a handle that isn't ours reach an instance.
class CurlRoute final {
 public:
  CurlRoute(std::string_view host, std::string_view address);
  ~CurlRoute();
  CurlRoute(const CurlRoute&) = delete;
  CurlRoute& operator=(const CurlRoute&) = delete;

  // Sets it on `easy`, a CURL*, which refers to this from then on, with the URL
  // and what of `setting` libcurl knows. False: libcurl refused something.
  bool Apply(void* easy, const std::string& url, const ExchangeSetting& setting,
             std::chrono::milliseconds timeout) const;

 private:
  struct Rep;
  const std::unique_ptr<Rep> rep_;
};

// Returns whose fault it is that a transfer ended with `code`, a CURLcode.
ExchangeResult::Fault FaultOf(int code);

}  // namespace naming::net

#endif  // NAMING_NET_CURL_EXCHANGE_H_
