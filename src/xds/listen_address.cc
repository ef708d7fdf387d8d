// SPDX-License-Identifier: Apache-2.0

#include "xds/listen_address.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"

namespace naming::xds {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kAbstract = "unix-abstract:";

// As sockaddr_un has room for, with its end.
constexpr std::size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;

// Characters of a URI that gRPC doesn't take for a part of the name, or for
// another: it decodes %XX.
bool IsReserved(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || c == '%' || c == '?' || c == '#';
}

bool HasPrefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool IsLoopback(const std::string& host) {
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  return host == "::1" || host == "localhost";
}

absl::Status Bad(std::string_view listen, std::string_view must) {
  return absl::InvalidArgumentError(
      absl::StrFormat("xds: options.listen: must %s, is \"%s\"", must,
                      base::Excerpt(listen, 100)));
}

absl::Status CheckName(std::string_view listen, std::string_view name) {
  if (IsSocketName(name)) return absl::OkStatus();
  return Bad(listen, absl::StrFormat("name a socket %s", kSocketNameRule));
}

}  // namespace

bool IsSocketName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxPathBytes &&
         !HasPrefix(name, "//") &&
         std::none_of(name.begin(), name.end(), IsReserved);
}

std::optional<std::string> UnixPathOf(std::string_view listen) {
  if (!HasPrefix(listen, kUnix)) return std::nullopt;
  std::string_view path = listen.substr(kUnix.size());
  // "unix:///path" is the same.
  if (HasPrefix(path, "///")) path.remove_prefix(2);
  return std::string(path);
}

absl::Status CheckListen(std::string_view listen, bool is_public) {
  if (const auto path = UnixPathOf(listen)) return CheckName(listen, *path);
  if (HasPrefix(listen, kAbstract)) {
    return CheckName(listen, listen.substr(kAbstract.size()));
  }
  const auto host_port = base::ParseHostPort(listen);
  if (!host_port) {
    return Bad(listen,
               "be \"unix:path\", \"unix-abstract:name\" or "
               "\"host:port\"");
  }
  if (!is_public && !IsLoopback(host_port->host)) {
    return Bad(listen, "be on the loopback unless is_public is set");
  }
  return absl::OkStatus();
}

bool IsFree(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kMaxPathBytes);
  // Whoever has it may not accept, and connect() would wait for that.
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd == -1) return false;
  const bool is_connected =
      connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  const int error = is_connected ? 0 : errno;
  close(fd);
  // Others say that somebody has it who doesn't let us in.
  return error == ENOENT || error == ECONNREFUSED;
}

}  // namespace naming::xds
