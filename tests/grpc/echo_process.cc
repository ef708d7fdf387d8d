// SPDX-License-Identifier: Apache-2.0

#include "tests/grpc/echo_process.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "tests/support/catch.h"

namespace naming::testing {
namespace {

// Returns a socket bound to a free port, which gRPC can be bound to as well.
int HoldPort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address),
               sizeof(address)) == 0);
  return fd;
}

std::uint16_t PortOf(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

EchoProcess::EchoProcess(const std::string& host,
                         std::vector<std::string> arguments)
    : arguments_(std::move(arguments)),
      held_(HoldPort()),
      port_(PortOf(held_)),
      address_(host + ":" + std::to_string(port_)) {
  Start();
}

EchoProcess::~EchoProcess() {
  process_.reset();
  close(held_);
}

void EchoProcess::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait();
}

void EchoProcess::Start() {
  process_.reset();
  std::vector<std::string> arguments = {NAMING_ECHO_SERVER, address_};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  process_ = std::make_unique<Process>(arguments);
  const auto line = process_->ReadLine();
  CAPTURE(process_->error_text());
  REQUIRE(line);
  REQUIRE(line->substr(line->rfind(':') + 1) == std::to_string(port_));
}

}  // namespace naming::testing
