// SPDX-License-Identifier: Apache-2.0

#include "node/own_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "node/addr_infos.h"

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

// Null: `host` has no address.
AddrInfos LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return nullptr;
  return AddrInfos(found);
}

bool AreSame(const addrinfo& a, const addrinfo& b) {
  return a.ai_addrlen == b.ai_addrlen &&
         std::memcmp(a.ai_addr, b.ai_addr, a.ai_addrlen) == 0;
}

bool IsAnyAddress(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

}  // namespace

std::vector<std::string> OwnEntries(const base::HostPort& listening,
                                    const std::vector<std::string>& nodes) {
  std::vector<std::string> own;
  AddrInfos listens;
  const auto is_own = [&](const std::string& host) {
    if (host == listening.host) return true;
    const AddrInfos found = LookUp(host);
    const bool is_any = IsAnyAddress(listening.host);
    if (!is_any && listens == nullptr) listens = LookUp(listening.host);
    for (const addrinfo* info = found.get(); info != nullptr;
         info = info->ai_next) {
      // It listens on the first one alone of those that its own name has.
      if (is_any ? CanBind(*info)
                 : listens != nullptr && AreSame(*info, *listens)) {
        return true;
      }
    }
    return false;
  };
  for (const std::string& node : nodes) {
    const std::optional<base::HostPort> host_port = base::ParseHostPort(node);
    if (host_port && host_port->port == listening.port &&
        is_own(host_port->host)) {
      own.push_back(node);
    }
  }
  return own;
}

std::string OwnAddress(const base::HostPort& listening,
                       const std::vector<std::string>& own_entries) {
  std::string address = listening.ToString();
  const bool is_listed = std::find(own_entries.begin(), own_entries.end(),
                                   address) != own_entries.end();
  if (is_listed || own_entries.empty()) return address;
  return own_entries.front();
}

}  // namespace naming::node
