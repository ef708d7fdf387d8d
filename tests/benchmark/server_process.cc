// SPDX-License-Identifier: Apache-2.0

#include "tests/benchmark/server_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

#include "absl/strings/str_format.h"
#include "base/url.h"
#include "naming/node/discovery_node.h"
#include "tests/benchmark/floor_server.h"

namespace naming::benchmark {

ServerProcess::ServerProcess(const Serve& serve) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) == -1) return;
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    serve([&ends](std::uint16_t port) {
      if (write(ends[1], &port, sizeof(port)) != sizeof(port)) _exit(1);
    });
    _exit(1);
  }
  close(ends[1]);
  if (read(ends[0], &port_, sizeof(port_)) != sizeof(port_)) port_ = 0;
  close(ends[0]);
}

ServerProcess::~ServerProcess() {
  if (pid_ == -1) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::size_t ServerProcess::ResidentBytes() const {
  std::ifstream file(absl::StrFormat("/proc/%d/statm", pid_));
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

ServerProcess::Serve NodeServer() {
  return [](const std::function<void(std::uint16_t)>& tell) {
    node::DiscoveryNodeOptions options;
    options.recorded_requests = 0;  // As naming-node has it.
    const auto node = node::DiscoveryNode::Start(options);
    if (!node.ok()) return;
    tell(base::ParseHostPort((*node)->address())->port);
    while (true) pause();
  };
}

ServerProcess::Serve FloorServer(std::size_t body_size) {
  return [body_size](const std::function<void(std::uint16_t)>& tell) {
    RunFloorServer(body_size, tell);
  };
}

}  // namespace naming::benchmark
