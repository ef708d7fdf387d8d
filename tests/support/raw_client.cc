// SPDX-License-Identifier: Apache-2.0

#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"

namespace naming::testing {
namespace {

constexpr timeval kLimit{30, 0};

// Returns the value of a header's line, or "".
std::string HeaderOf(const std::string& head, std::string_view name) {
  const std::string lower = base::ToLower(head);
  const std::string key = absl::StrFormat("\r\n%s: ", name);
  const std::size_t at = lower.find(key);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + key.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

RawClient::RawClient(const std::string& address, int receive_buffer)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer != 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
               sizeof(receive_buffer));
  }
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof(kLimit));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kLimit, sizeof(kLimit));
  const auto to = base::ParseHostPort(address);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  if (!to || inet_pton(AF_INET, to->host.c_str(), &name.sin_addr) != 1) return;
  name.sin_port = htons(to->port);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == -1) {
    close(std::exchange(fd_, -1));
  }
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), unread_(std::move(other.unread_)) {}

RawClient::~RawClient() {
  if (fd_ != -1) close(fd_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::Get(std::string_view target) {
  return Send(absl::StrFormat("GET %s HTTP/1.1\r\nHost: node\r\n\r\n", target));
}

bool RawClient::Post(std::string_view target, std::string_view form) {
  return Send(absl::StrFormat(
      "POST %s HTTP/1.1\r\nHost: node\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
      target, form.size(), form));
}

bool RawClient::ReadMore() {
  std::array<char, 16384> bytes;
  const ssize_t count = recv(fd_, bytes.data(), bytes.size(), 0);
  has_timed_out_ = count == -1 && errno == EAGAIN;
  if (count <= 0) return false;
  unread_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<RawAnswer> RawClient::ReadAnswer() {
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return std::nullopt;
  }
  RawAnswer answer;
  answer.head = unread_.substr(0, end + 2);
  unread_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.substr(sizeof("HTTP/1.1")).c_str());
  const bool is_chunked =
      HeaderOf(answer.head, "transfer-encoding") == "chunked";
  std::size_t size = std::strtoul(
      HeaderOf(answer.head, "content-length").c_str(), nullptr, 10);
  do {
    if (is_chunked) {
      while (unread_.find("\r\n") == std::string::npos) {
        if (!ReadMore()) return std::nullopt;
      }
      size = std::strtoul(unread_.c_str(), nullptr, 16);
      unread_.erase(0, unread_.find("\r\n") + 2);
    }
    const std::size_t framed = size + (is_chunked ? 2 : 0);
    while (unread_.size() < framed) {
      if (!ReadMore()) return std::nullopt;
    }
    answer.body += unread_.substr(0, size);
    unread_.erase(0, framed);
  } while (is_chunked && size != 0);
  return answer;
}

std::optional<std::string> RawClient::ReadToEnd() {
  while (ReadMore()) {
  }
  if (has_timed_out_) return std::nullopt;
  return std::exchange(unread_, std::string());
}

void RawClient::Reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(fd_, -1));
}

}  // namespace naming::testing
