// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_GRPC_ECHO_PROCESS_H_
#define NAMING_TESTS_GRPC_ECHO_PROCESS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace naming::testing {

// A gRPC server in a process of its own. Its port stays its own while it isn't
// running: a socket of ours is bound to it, too.
//
// For one thread. Destroying it kills the server.
class EchoProcess final {
 public:
  // Starts it on `host`, with these further arguments.
  explicit EchoProcess(const std::string& host = "127.0.0.1",
                       std::vector<std::string> arguments = {});
  ~EchoProcess();
  EchoProcess(const EchoProcess&) = delete;
  EchoProcess& operator=(const EchoProcess&) = delete;

  const std::string& address() const { return address_; }
  std::uint16_t port() const { return port_; }
  Process& process() { return *process_; }

  // Ends it at once (SIGKILL).
  void Kill();

  // Starts it again where it was; it is reachable when this returns.
  void Start();

 private:
  const std::vector<std::string> arguments_;
  const int held_;
  std::uint16_t port_ = 0;
  std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_GRPC_ECHO_PROCESS_H_
