// SPDX-License-Identifier: Apache-2.0

#include "node/own_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

namespace naming::node {
namespace {

// Only an address of its own can the machine bind to.
bool CanBind(const addrinfo& info) {
  const int fd = socket(info.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd == -1) return false;
  const bool is_bound = bind(fd, info.ai_addr, info.ai_addrlen) == 0;
  close(fd);
  return is_bound;
}

bool IsThisMachine(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  bool is_own = false;
  for (const addrinfo* info = found; info != nullptr && !is_own;
       info = info->ai_next) {
    is_own = CanBind(*info);
  }
  freeaddrinfo(found);
  return is_own;
}

}  // namespace

std::string OwnAddress(const base::HostPort& listening,
                       const std::vector<std::string>& nodes) {
  if (listening.host != "0.0.0.0" && listening.host != "::") {
    return listening.ToString();
  }
  for (const std::string& node : nodes) {
    const std::optional<base::HostPort> host_port = base::ParseHostPort(node);
    if (host_port && host_port->port == listening.port &&
        IsThisMachine(host_port->host)) {
      return node;
    }
  }
  return listening.ToString();
}

}  // namespace naming::node
