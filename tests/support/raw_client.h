// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_RAW_CLIENT_H_
#define NAMING_TESTS_SUPPORT_RAW_CLIENT_H_

#include <optional>
#include <string>
#include <string_view>

namespace naming::testing {

// An HTTP answer as it came.
struct RawAnswer {
  int status = 0;
  std::string head;  // Status line and header.
  std::string body;  // Without the framing of chunks.
};

// A connection to a server on this machine that sends just what it is told, and
// reads when it is told.
//
// For one thread. Waits are bounded generously.
class RawClient final {
 public:
  // `address` is "host:port", the host a number. `receive_buffer`: bytes that
  // the system takes of what isn't read; 0: its own choice.
  explicit RawClient(const std::string& address, int receive_buffer = 0);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient();

  // Writes bytes as they are; false: the server is gone.
  bool Send(std::string_view bytes);

  // Sends a request of HTTP/1.1, a POST with `form` unless that is null.
  bool Get(std::string_view target);
  bool Post(std::string_view target, std::string_view form);

  // Returns the next answer; nullopt: the connection ends before its end.
  std::optional<RawAnswer> ReadAnswer();

  // Reads up to the connection's end; returns what came. nullopt: it doesn't
  // end in time.
  std::optional<std::string> ReadToEnd();

  // Ends the connection with a RST.
  void Reset();

  // To wait for input with; -1: there is no connection.
  int fd() const { return fd_; }

 private:
  bool ReadMore();

  int fd_;
  bool has_timed_out_ = false;
  std::string unread_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_RAW_CLIENT_H_
