// SPDX-License-Identifier: Apache-2.0

#include "base/own_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/support/catch.h"

namespace naming::base {
namespace {

// Only an address of its own can the machine bind to.
bool CanBind(const std::string& host) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  const bool is_v4 = inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) {
    return false;
  }
  const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  const bool is_bound =
      is_v4 ? bind(fd, reinterpret_cast<sockaddr*>(&v4), sizeof(v4)) == 0
            : bind(fd, reinterpret_cast<sockaddr*>(&v6), sizeof(v6)) == 0;
  close(fd);
  return is_bound;
}

TEST_CASE("OwnHost is an address of this machine that others may know",
          "[base]") {
  const std::string host = OwnHost();
  CAPTURE(host);
  if (host.empty()) return;  // A machine without a network.
  CHECK(CanBind(host));
  CHECK_FALSE(IsWildcard(host));
  CHECK(host.substr(0, 4) != "127.");
  CHECK(host != "::1");
}

TEST_CASE("Wildcards are known in both families", "[base]") {
  CHECK(IsWildcard("0.0.0.0"));
  CHECK(IsWildcard("::"));
  CHECK_FALSE(IsWildcard("127.0.0.1"));
  CHECK_FALSE(IsWildcard("example.com"));
}

}  // namespace
}  // namespace naming::base
