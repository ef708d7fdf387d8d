// SPDX-License-Identifier: Apache-2.0

#include "tests/support/distribution.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "tests/support/catch.h"

namespace naming::testing {
namespace {

constexpr int kSkipped = 77;

// Where servers are, which isn't in everybody's PATH.
constexpr std::string_view kServers = ":/usr/sbin";

}  // namespace

std::string InstalledProgram(std::string_view name) {
  const char* const path = std::getenv("PATH");
  const std::string directories =
      std::string(path == nullptr ? "" : path).append(kServers);
  for (const auto directory : base::Split(directories, ':')) {
    std::string program = absl::StrFormat("%s/%s", directory, name);
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  const char* const ci = std::getenv("CI");
  const bool must_run = ci != nullptr && std::string_view(ci) == "true";
  std::cerr << (must_run ? "CI must have " : "skipped: this machine lacks ")
            << name << "\n";
  std::_Exit(must_run ? 1 : kSkipped);
}

std::uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace naming::testing
