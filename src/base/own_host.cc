// SPDX-License-Identifier: Apache-2.0

#include "base/own_host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace naming::base {
namespace {

std::string ToText(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else {
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  if (inet_ntop(address.sa_family, bytes, text.data(), text.size()) ==
      nullptr) {
    return "";
  }
  return text.data();
}

// A datagram socket that is connected has an address, and nothing was sent.
std::string OnRouteTo(int family, const char* host) {
  sockaddr_storage there{};
  socklen_t size = 0;
  if (family == AF_INET) {
    auto& address = reinterpret_cast<sockaddr_in&>(there);
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    inet_pton(AF_INET, host, &address.sin_addr);
    size = sizeof(address);
  } else {
    auto& address = reinterpret_cast<sockaddr_in6&>(there);
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(9);
    inet_pton(AF_INET6, host, &address.sin6_addr);
    size = sizeof(address);
  }
  const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd == -1) return "";
  sockaddr_storage here{};
  socklen_t here_size = sizeof(here);
  const bool is_known =
      connect(fd, reinterpret_cast<const sockaddr*>(&there), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&here), &here_size) == 0;
  close(fd);
  return is_known ? ToText(reinterpret_cast<const sockaddr&>(here)) : "";
}

bool IsForOthers(const ifaddrs& entry, int family) {
  if (entry.ifa_addr == nullptr || entry.ifa_addr->sa_family != family ||
      (entry.ifa_flags & IFF_UP) == 0 ||
      (entry.ifa_flags & IFF_LOOPBACK) != 0) {
    return false;
  }
  // Without its interface a link-local address says nothing.
  return family == AF_INET ||
         !IN6_IS_ADDR_LINKLOCAL(
             &reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr)->sin6_addr);
}

std::string OfAnyInterface(int family) {
  ifaddrs* entries = nullptr;
  if (getifaddrs(&entries) != 0) return "";
  std::string host;
  for (const ifaddrs* entry = entries; entry != nullptr && host.empty();
       entry = entry->ifa_next) {
    if (IsForOthers(*entry, family)) host = ToText(*entry->ifa_addr);
  }
  freeifaddrs(entries);
  return host;
}

}  // namespace

bool IsWildcard(std::string_view host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

std::string OwnHost() {
  // Addresses of documentation: there is nobody, and the route is the default.
  std::string host = OnRouteTo(AF_INET, "192.0.2.1");
  if (host.empty()) host = OfAnyInterface(AF_INET);
  if (host.empty()) host = OnRouteTo(AF_INET6, "2001:db8::1");
  if (host.empty()) host = OfAnyInterface(AF_INET6);
  return host;
}

}  // namespace naming::base
