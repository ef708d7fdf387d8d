// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NET_CURL_SOCKETS_H_
#define NAMING_NET_CURL_SOCKETS_H_

#include <curl/curl.h>

#include <chrono>
#include <optional>

namespace naming::net {

// A multi handle of libcurl, and its sockets. It looks at those on which
// something happens, and at no other: what an answer costs doesn't depend on
// how many other requests are held, as it does with curl_multi_perform().
//
// For one thread; Wake() for any.
class CurlSockets final {
 public:
  // curl_global_init() has been called.
  CurlSockets();
  // Requests have been taken out of multi().
  ~CurlSockets();
  CurlSockets(const CurlSockets&) = delete;
  CurlSockets& operator=(const CurlSockets&) = delete;

  CURLM* multi() const { return multi_; }

  // Waits until there is something to do, or for Wake(), or for `timeout`; then
  // does it.
  void Wait(std::chrono::milliseconds timeout);

  // Ends a Wait(), or the next one.
  void Wake();

 private:
  using Clock = std::chrono::steady_clock;

  void Act();
  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* self,
                      void* socket_data);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  CURLM* const multi_;
  CURLM* const waiter_;  // Has no requests; is there to be waited with.
  const int epoll_;      // -1: all sockets are looked at.
  const bool has_wakeup_;
  std::optional<Clock::time_point> timer_;  // When libcurl wants to be called.
};

}  // namespace naming::net

#endif  // NAMING_NET_CURL_SOCKETS_H_
