// SPDX-License-Identifier: Apache-2.0

#include "node/listen_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "node/addr_infos.h"

namespace naming::node {
namespace {

// `error` is an errno.
absl::Status Unavailable(int error) {
  return absl::UnavailableError(std::generic_category().message(error));
}

// Of which Linux allots twice as much.
constexpr int kSendBuffer = 128 * 1024;

// On Linux the connections that a socket accepts inherit these. A client whose
// machine has vanished is noticed after two minutes; an answer's last bytes
// don't wait until its first ones are acknowledged; and a client that reads
// slowly ties up little of the system's memory, and is soon seen to read.
void SetConnectionOptions(int fd) {
  const auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof(value));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_SNDBUF, kSendBuffer);
}

absl::StatusOr<int> OpenSocket(const addrinfo& info) {
  const int fd =
      socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd == -1) return Unavailable(errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  SetConnectionOptions(fd);
  if (bind(fd, info.ai_addr, info.ai_addrlen) == -1 ||
      listen(fd, SOMAXCONN) == -1) {
    const int error = errno;
    close(fd);
    return Unavailable(error);
  }
  return fd;
}

std::uint16_t PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == -1) {
    return 0;
  }
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

}  // namespace

absl::StatusOr<ListenSocket> ListenSocket::Open(const base::HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(),
                  &hints, &found);
  if (error != 0) return absl::UnavailableError(gai_strerror(error));
  const AddrInfos owner(found);
  const absl::StatusOr<int> fd = OpenSocket(*found);
  if (!fd.ok()) return fd.status();
  return ListenSocket(*fd, {address.host, PortOf(*fd)});
}

ListenSocket::ListenSocket(int fd, base::HostPort address)
    : fd_(fd), address_(std::move(address)) {}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  return *this;
}

ListenSocket::~ListenSocket() {
  if (fd_ != -1) close(fd_);
}

int ListenSocket::Release() { return std::exchange(fd_, -1); }

}  // namespace naming::node
