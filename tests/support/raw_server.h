// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_RAW_SERVER_H_
#define NAMING_TESTS_SUPPORT_RAW_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace naming::testing {

// One HTTP request as a RawServer read it.
struct RawRequest {
  int connection = 0;  // Which connection of the server it came on, from 0 on.
  int index = 0;       // Which request of that connection, from 0 on.
  std::string method;
  std::string target;  // "/path?query", as sent.
  std::string head;    // Request line and header, up to the empty line.
  std::string body;    // As long as Content-Length says.

  // Returns the value of the first header of that name.
  std::optional<std::string> Header(std::string_view name) const;
};

// What a handler can do to the connection that its request came on. All calls
// return early when the peer closes or the server stops.
class RawConnection final {
 public:
  explicit RawConnection(int fd) : fd_(fd) {}
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // Writes bytes as they are; false: the peer is gone.
  bool Send(std::string_view bytes);

  // Writes one byte every `interval`; false: the peer is gone.
  bool SendSlowly(std::string_view bytes, std::chrono::milliseconds interval);

  // Waits until the peer closes: an answer that never comes.
  void Hang();

  // Waits for `time`; false: the peer closed meanwhile.
  bool Pause(std::chrono::milliseconds time);

  // Waits until `fd` has something to read, its end included; false: the peer
  // closed first.
  bool AwaitInput(int fd);

  // What the handler keeps until the connection ends.
  std::shared_ptr<void>& attachment() { return attachment_; }

  // The connection ends when the handler returns: with a FIN or an RST.
  void Close() { is_closing_ = true; }
  void Reset() { is_closing_ = is_resetting_ = true; }

 private:
  friend class RawServer;

  const int fd_;
  std::shared_ptr<void> attachment_;
  bool is_closing_ = false;
  bool is_resetting_ = false;
};

// A TCP server on 127.0.0.1 that reads HTTP requests and leaves the answers,
// right or wrong, to a function.
//
// Thread-safe. Destroying it closes every connection; a handler that runs ends
// as soon as it uses its RawConnection.
class RawServer final {
 public:
  // Answers one request. Called on a thread of the request's connection, so
  // calls for different connections may come at the same time. When it returns
  // the connection is ready for its next request, unless it closed it.
  using Handler = std::function<void(const RawRequest&, RawConnection&)>;

  // `port` 0: any free one.
  explicit RawServer(Handler handler, std::uint16_t port = 0);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }

  // Returns "http://127.0.0.1:port" + `target`.
  std::string Url(std::string_view target = "/") const;

  // Returns the requests so far, in the order in which they were read.
  std::vector<RawRequest> requests() const;

  // Returns the number of connections accepted so far, and of those still open.
  int connection_count() const;
  int open_connection_count() const;

 private:
  struct Connection {
    int fd;  // -1: closed.
    std::thread thread;
  };

  void Accept();
  void Serve(int number, int fd);
  void CloseConnection(int number, bool reset);

  const Handler handler_;
  const int listener_;
  std::uint16_t port_ = 0;
  mutable base::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<RawRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// Returns a whole HTTP/1.1 answer with a Content-Length. `more_headers` are
// lines that end in CRLF.
std::string HttpAnswer(int status, std::string_view body,
                       std::string_view more_headers = "");

// Returns a handler that answers everything with HttpAnswer(200, `body`).
RawServer::Handler AnswerWith(std::string body);

// A port of 127.0.0.1 that nobody listens on: connections are refused.
class RefusingPort final {
 public:
  RefusingPort();
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;

  std::uint16_t port() const { return port_; }
  std::string Url(std::string_view target = "/") const;

 private:
  const int socket_;
  std::uint16_t port_ = 0;
};

// A port of 127.0.0.1 that never finishes a connection, because its backlog is
// full.
class SilentPort final {
 public:
  SilentPort();
  ~SilentPort();
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  std::string Url(std::string_view target = "/") const;

 private:
  const int listener_;
  std::uint16_t port_ = 0;
  std::vector<int> fillers_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_RAW_SERVER_H_
