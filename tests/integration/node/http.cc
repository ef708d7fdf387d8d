// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/node/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <regex>
#include <utility>

namespace naming::testing {
namespace {

constexpr int kLimitMs = 30'000;

// Returns the value of the header `name`, which is in lower case.
std::string Header(std::string head, const std::string& name) {
  for (char& c : head) c = static_cast<char>(std::tolower(c));
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

// Returns where the chunked body that begins at `from` ends; npos: not yet.
std::size_t EndOfChunks(std::string_view text, std::size_t from) {
  for (;;) {
    const std::size_t line_end = text.find("\r\n", from);
    if (line_end == std::string_view::npos) return line_end;
    std::size_t size = 0;
    std::from_chars(text.data() + from, text.data() + line_end, size, 16);
    from = line_end + 2 + size + 2;
    if (from > text.size()) return std::string_view::npos;
    if (size == 0) return from;
  }
}

}  // namespace

TcpConnection::TcpConnection(std::string_view address) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  target.sin_port = htons(static_cast<std::uint16_t>(
      std::atoi(std::string(address.substr(address.rfind(':') + 1)).c_str())));
  if (connect(fd_, reinterpret_cast<sockaddr*>(&target), sizeof(target)) != 0) {
    Close();
  }
}

TcpConnection::~TcpConnection() { Close(); }

void TcpConnection::Close() {
  if (fd_ != -1) close(fd_);
  fd_ = -1;
}

void TcpConnection::Reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  Close();
}

bool TcpConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool TcpConnection::Fill() {
  pollfd wait{fd_, POLLIN, 0};
  if (fd_ == -1 || poll(&wait, 1, kLimitMs) != 1) return false;
  std::array<char, 65536> buffer;
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
  if (size <= 0) return false;
  read_.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

std::string TcpConnection::ReadAnswer(bool is_head) {
  std::size_t head_end = 0;
  while ((head_end = read_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::exchange(read_, "");
  }
  head_end += 4;
  const std::string head = read_.substr(0, head_end);
  std::size_t end = head_end;
  if (!is_head && Header(head, "transfer-encoding") == "chunked") {
    while ((end = EndOfChunks(read_, head_end)) == std::string::npos) {
      if (!Fill()) return std::exchange(read_, "");
    }
  } else if (!is_head) {
    end += static_cast<std::size_t>(
        std::atol(Header(head, "content-length").c_str()));
    while (read_.size() < end) {
      if (!Fill()) return std::exchange(read_, "");
    }
  }
  std::string answer = read_.substr(0, end);
  read_.erase(0, end);
  return answer;
}

bool TcpConnection::HasBytes() const {
  pollfd now{fd_, POLLIN, 0};
  return !read_.empty() || poll(&now, 1, 0) == 1;
}

bool TcpConnection::IsClosed() {
  pollfd wait{fd_, POLLIN, 0};
  if (poll(&wait, 1, kLimitMs) != 1) return false;
  char byte = 0;
  return recv(fd_, &byte, 1, MSG_PEEK) <= 0;
}

std::string HttpGet(std::string_view target, std::string_view headers) {
  std::string request = "GET ";
  request += target;
  request += " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  request += headers;
  return request + "\r\n";
}

std::string HttpPost(std::string_view target, std::string_view form,
                     std::string_view headers) {
  std::string request = "POST ";
  request += target;
  request += " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  request += headers;
  request +=
      "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ";
  request += std::to_string(form.size());
  request += "\r\n\r\n";
  request += form;
  return request;
}

std::string Exchange(std::string_view address, std::string_view request) {
  TcpConnection connection(address);
  connection.Send(request);
  return connection.ReadAnswer();
}

std::string BodyOf(std::string_view answer) {
  const std::size_t head_end = answer.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return "";
  std::string_view rest = answer.substr(head_end + 4);
  if (answer.substr(0, head_end).find("chunked") == std::string_view::npos) {
    return std::string(rest);
  }
  std::string body;
  while (!rest.empty()) {
    const std::size_t line_end = rest.find("\r\n");
    std::size_t size = 0;
    std::from_chars(rest.data(), rest.data() + line_end, size, 16);
    body += rest.substr(line_end + 2, size);
    rest.remove_prefix(line_end + 2 + size + 2);
  }
  return body;
}

std::string Masked(std::string_view answer) {
  static const std::regex* const date = new std::regex("\r\nDate: [^\r]* GMT");
  static const std::regex* const timestamp = new std::regex("[0-9]{19}");
  static const std::regex* const line_end = new std::regex("\r\n");
  std::string text(answer);
  text = std::regex_replace(text, *date, "\r\nDate: D");
  text = std::regex_replace(text, *timestamp, "T");
  return std::regex_replace(text, *line_end, "\n");
}

}  // namespace naming::testing
