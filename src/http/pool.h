// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_HTTP_POOL_H_
#define NAMING_HTTP_POOL_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "net/curl_exchange.h"

namespace naming::http {

// The connections of one Client, by the address of their Instance; and which of
// its calls are under way.
//
// Thread-safe.
class Pool final {
 public:
  using Make = std::function<std::unique_ptr<net::CurlExchange>(
      const std::string& address)>;

  Pool(Make make, std::size_t max_idle, std::chrono::seconds idle_timeout)
      : make_(std::move(make)),
        max_idle_(max_idle),
        idle_timeout_(idle_timeout) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Of a call. False: the pool is closed, and there is no call.
  bool Enter();
  void Leave();

  // Within a call: returns a connection of `address`, the one used last; never
  // null. To be given back, `is_usable` unless it has failed.
  std::unique_ptr<net::CurlExchange> Take(const std::string& address);
  void Give(const std::string& address,
            std::unique_ptr<net::CurlExchange> exchange, bool is_usable);

  // Within a call: waits for `time`; false: the pool was closed.
  bool Sleep(std::chrono::milliseconds time);

  // Closes what has another address than these, now or when it is given back.
  void Keep(std::set<std::string> addresses);

  // Cancels what is under way, and waits until every call has ended.
  void Close();

 private:
  using Clock = std::chrono::steady_clock;

  struct Idle {
    std::unique_ptr<net::CurlExchange> exchange;
    Clock::time_point since;
  };

  const Make make_;
  const std::size_t max_idle_;  // Of one address.
  const std::chrono::seconds idle_timeout_;

  base::Mutex mutex_;
  base::CondVar changed_;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> kept_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<Idle>> idle_ ABSL_GUARDED_BY(mutex_);
  std::set<net::CurlExchange*> busy_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace naming::http

#endif  // NAMING_HTTP_POOL_H_
