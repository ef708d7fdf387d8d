// SPDX-License-Identifier: Apache-2.0

#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;

// A test that has no sockets can't go on.
int Checked(int result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::abort();
  }
  return result;
}

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// Returns a socket bound to `port` of 127.0.0.1.
int BoundSocket(std::uint16_t port) {
  const int fd =
      Checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_in address = Loopback(port);
  Checked(
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
      "bind");
  return fd;
}

std::uint16_t PortOf(int fd) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  Checked(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size),
          "getsockname");
  return ntohs(address.sin_port);
}

std::string UrlOf(std::uint16_t port, std::string_view target) {
  return absl::StrFormat("http://127.0.0.1:%d%s", port, target);
}

// Reads on until `pending` holds one request, which it takes out; false: the
// peer closed.
bool ReadRequest(int fd, std::string& pending, RawRequest& request) {
  std::size_t head_end = std::string::npos;
  std::size_t length = 0;
  for (;;) {
    if (head_end == std::string::npos) {
      head_end = pending.find("\r\n\r\n");
      if (head_end != std::string::npos) {
        request.head = pending.substr(0, head_end + 2);
        const auto value = request.Header("Content-Length");
        length = value ? base::ParseInt64(*value).value_or(0) : 0;
      }
    }
    if (head_end != std::string::npos &&
        pending.size() >= head_end + 4 + length) {
      break;
    }
    char buffer[4096];
    const ssize_t received = recv(fd, buffer, sizeof(buffer), 0);
    if (received <= 0) return false;
    pending.append(buffer, static_cast<std::size_t>(received));
  }
  request.body = pending.substr(head_end + 4, length);
  pending.erase(0, head_end + 4 + length);
  const auto words = base::Split(base::Split(request.head, '\r').front(), ' ');
  request.method = words[0];
  if (words.size() > 1) request.target = words[1];
  return true;
}

}  // namespace

std::optional<std::string> RawRequest::Header(std::string_view name) const {
  for (const std::string_view line : base::Split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (base::ToLower(line.substr(0, colon)) == base::ToLower(name)) {
      return std::string(base::Trim(line.substr(colon + 1)));
    }
  }
  return std::nullopt;
}

bool RawConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawConnection::SendSlowly(std::string_view bytes, milliseconds interval) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!Send(bytes.substr(i, 1)) || !Pause(interval)) return false;
  }
  return true;
}

void RawConnection::Hang() {
  char buffer[4096];
  while (recv(fd_, buffer, sizeof(buffer), 0) > 0) {
  }
}

bool RawConnection::Pause(milliseconds time) {
  pollfd peer = {fd_, POLLRDHUP, 0};
  return poll(&peer, 1, static_cast<int>(time.count())) == 0;
}

bool RawConnection::AwaitInput(int fd) {
  pollfd ends[] = {{fd_, POLLRDHUP, 0}, {fd, POLLIN | POLLRDHUP, 0}};
  return poll(ends, 2, -1) > 0 && ends[0].revents == 0;
}

RawServer::RawServer(Handler handler, std::uint16_t port)
    : handler_(std::move(handler)), listener_(BoundSocket(port)) {
  Checked(listen(listener_, SOMAXCONN), "listen");
  port_ = PortOf(listener_);
  thread_ = std::thread([this] { Accept(); });
}

RawServer::~RawServer() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& connection : connections_) {
      if (connection->fd >= 0) shutdown(connection->fd, SHUT_RDWR);
    }
  }
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
  // No more are added. The threads need the lock to end.
  std::vector<std::thread> threads;
  {
    base::MutexLock lock(mutex_);
    for (const auto& connection : connections_) {
      threads.push_back(std::move(connection->thread));
    }
  }
  for (std::thread& thread : threads) thread.join();
}

std::string RawServer::Url(std::string_view target) const {
  return UrlOf(port_, target);
}

std::vector<RawRequest> RawServer::requests() const {
  base::MutexLock lock(mutex_);
  return requests_;
}

int RawServer::connection_count() const {
  base::MutexLock lock(mutex_);
  return static_cast<int>(connections_.size());
}

int RawServer::open_connection_count() const {
  base::MutexLock lock(mutex_);
  int open = 0;
  for (const auto& connection : connections_) {
    if (connection->fd >= 0) ++open;
  }
  return open;
}

void RawServer::Accept() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    base::MutexLock lock(mutex_);
    if (stopping_) {
      close(fd);
      return;
    }
    const int number = static_cast<int>(connections_.size());
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->fd = fd;
    connections_.back()->thread =
        std::thread([this, number, fd] { Serve(number, fd); });
  }
}

void RawServer::Serve(int number, int fd) {
  RawConnection connection(fd);
  std::string pending;
  for (int index = 0; !connection.is_closing_; ++index) {
    RawRequest request;
    request.connection = number;
    request.index = index;
    if (!ReadRequest(fd, pending, request)) break;
    {
      base::MutexLock lock(mutex_);
      requests_.push_back(request);
    }
    handler_(request, connection);
  }
  CloseConnection(number, connection.is_resetting_);
}

void RawServer::CloseConnection(int number, bool reset) {
  base::MutexLock lock(mutex_);
  Connection& connection = *connections_[number];
  if (reset) {
    const linger at_once = {1, 0};
    setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  close(connection.fd);
  connection.fd = -1;
}

std::string HttpAnswer(int status, std::string_view body,
                       std::string_view more_headers) {
  return absl::StrFormat("HTTP/1.1 %d Status\r\nContent-Length: %d\r\n%s\r\n%s",
                         status, body.size(), more_headers, body);
}

RawServer::Handler AnswerWith(std::string body) {
  return
      [body = std::move(body)](const RawRequest&, RawConnection& connection) {
        connection.Send(HttpAnswer(200, body));
      };
}

RefusingPort::RefusingPort()
    : socket_(BoundSocket(0)), port_(PortOf(socket_)) {}

RefusingPort::~RefusingPort() { close(socket_); }

std::string RefusingPort::Url(std::string_view target) const {
  return UrlOf(port_, target);
}

SilentPort::SilentPort() : listener_(BoundSocket(0)), port_(PortOf(listener_)) {
  Checked(listen(listener_, 0), "listen");
  // A backlog of 0 holds one connection; further ones wait for ever.
  for (int i = 0; i < 4; ++i) {
    const int fd =
        Checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                "socket");
    const sockaddr_in address = Loopback(port_);
    connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    fillers_.push_back(fd);
  }
}

SilentPort::~SilentPort() {
  for (const int fd : fillers_) close(fd);
  close(listener_);
}

std::string SilentPort::Url(std::string_view target) const {
  return UrlOf(port_, target);
}

}  // namespace naming::testing
