// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_INTEGRATION_NODE_HTTP_H_
#define NAMING_TESTS_INTEGRATION_NODE_HTTP_H_

#include <string>
#include <string_view>

namespace naming::testing {

// A blocking TCP connection to "127.0.0.1:port". Every wait ends after a
// generous limit.
class TcpConnection final {
 public:
  explicit TcpConnection(std::string_view address);
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  bool is_connected() const { return fd_ != -1; }

  // Writes all of `bytes`; false: the peer doesn't take them.
  bool Send(std::string_view bytes);

  // Returns the next HTTP answer as it came, up to where its length, its last
  // chunk, or the end of the connection says; to HEAD, up to the empty line.
  // Empty: the connection has ended.
  std::string ReadAnswer(bool is_head = false);

  // Returns whether something is there to be read.
  bool HasBytes() const;

  // Returns whether the peer has closed the connection, waiting for it.
  bool IsClosed();

  // Closes it: with a FIN, or a RST.
  void Close();
  void Reset();

 private:
  // Reads more; false: the end, or none in time.
  bool Fill();

  int fd_ = -1;
  std::string read_;
};

// Returns a request with an empty body, or with a form.
std::string HttpGet(std::string_view target, std::string_view headers = "");
std::string HttpPost(std::string_view target, std::string_view form,
                     std::string_view headers = "");

// Returns the answer to `request` on a connection of its own.
std::string Exchange(std::string_view address, std::string_view request);

// Returns the body of `answer`, put together again if it came in chunks.
std::string BodyOf(std::string_view answer);

// Returns `answer` with its date as D and each timestamp, which has 19 digits,
// as T, and its line ends as '\n'.
std::string Masked(std::string_view answer);

}  // namespace naming::testing

#endif  // NAMING_TESTS_INTEGRATION_NODE_HTTP_H_
