// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_BENCHMARK_SERVER_PROCESS_H_
#define NAMING_TESTS_BENCHMARK_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace naming::benchmark {

// A server in a process of its own, so that its memory is its own.
//
// To be made by a process with one thread. Destroying it kills the server.
class ServerProcess final {
 public:
  // Serves for ever, after it has told its port; returns when it can't.
  using Serve =
      std::function<void(const std::function<void(std::uint16_t)>& tell)>;

  explicit ServerProcess(const Serve& serve);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Returns 0 when it doesn't serve.
  std::uint16_t port() const { return port_; }

  // Returns how much memory it has in use, in bytes.
  std::size_t ResidentBytes() const;

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

// A discovery node; and RunFloorServer().
ServerProcess::Serve NodeServer();
ServerProcess::Serve FloorServer(std::size_t body_size);

}  // namespace naming::benchmark

#endif  // NAMING_TESTS_BENCHMARK_SERVER_PROCESS_H_
