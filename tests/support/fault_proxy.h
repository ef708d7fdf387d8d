// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_FAULT_PROXY_H_
#define NAMING_TESTS_SUPPORT_FAULT_PROXY_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "tests/support/raw_server.h"

namespace naming::testing {

// What becomes of one request on its way through a FaultProxy.
//
// Thread-compatible. A value.
struct ProxyFault {
  enum class Kind {
    kNone,          // Passed on, and its answer passed back.
    kHang,          // Never passed on, never answered.
    kReset,         // The connection is reset instead of an answer.
    kAnswer,        // Not passed on: `answer` is sent, as it is.
    kFlood,         // Not passed on: an answer of `bytes` bytes.
    kResetMidBody,  // Passed on; the connection is reset amid the answer.
    kTruncate,      // Passed on; the connection is closed amid the answer.
    kTrickle,       // Passed on; each byte of the answer waits for `delay`.
    kDouble,        // Passed on; a second JSON value follows the answer's.
    kSwallow,       // Passed on; then the connection is reset, unanswered.
  };

  Kind kind = Kind::kNone;
  std::string answer;
  std::size_t bytes = 0;
  bool is_chunked = false;  // Of kFlood: it doesn't say how much there is.
  std::chrono::milliseconds delay{0};

  static ProxyFault Of(Kind kind);

  // An HTTP answer of that status and body. `headers` are lines that end in
  // CRLF.
  static ProxyFault Answer(int status, std::string_view body,
                           std::string_view headers = "");
  static ProxyFault Redirect(std::string_view location);
  static ProxyFault Flood(std::size_t bytes, bool is_chunked);
  static ProxyFault Trickle(std::chrono::milliseconds delay);
};

// Stands between a client and a node, over real sockets, and does to each
// request what the test's script says.
//
// Thread-safe, Refuse(), Accept() and the destructor apart.
class FaultProxy final {
 public:
  // Called for each request, one call at a time, on the proxy's threads.
  using Script = std::function<ProxyFault(const RawRequest&)>;

  // `node` is "host:port", the host a number. Passes everything on until a
  // script says otherwise.
  explicit FaultProxy(std::string node);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  // Returns "host:port", the same all its life.
  std::string address() const;

  // Goes by `script` from the next request on; a null one passes all on.
  void SetScript(Script script);

  // Lets `fault` befall every request to `path`; "": every request.
  void SetFault(std::string path, const ProxyFault& fault);

  // Ends every connection, and refuses new ones until Accept().
  void Refuse();
  void Accept();

  // Returns how many requests to `path` came so far; "": to any.
  std::size_t CountRequests(std::string_view path) const;

 private:
  void Handle(const RawRequest& request, RawConnection& connection);
  ProxyFault FaultFor(const RawRequest& request);

  const std::string node_;
  const RefusingPort port_;  // Nobody else gets it meanwhile.

  mutable base::Mutex mutex_;
  Script script_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::size_t, std::less<>> counts_
      ABSL_GUARDED_BY(mutex_);  // By path.

  std::unique_ptr<RawServer> server_;  // Null while it refuses.
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_FAULT_PROXY_H_
