// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_SUPPORT_NGINX_SERVER_H_
#define NAMING_TESTS_SUPPORT_NGINX_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/distribution.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace naming::testing {

// A real nginx on 127.0.0.1, one process, which can be killed, frozen and
// started again on its port.
//
// For one thread at a time.
class NginxServer final {
 public:
  // `server` is what stands in the configuration's server block, beside where
  // to listen. Ends the test program as InstalledProgram() does.
  explicit NginxServer(std::string_view server);
  ~NginxServer();
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Starts it; it is reachable when this returns.
  void Start();
  void Kill();
  void Signal(int signal) { process_->Signal(signal); }

  // Returns how many requests it has answered on which of its connections.
  std::map<std::string, std::size_t> RequestsByConnection() const;
  std::size_t requests() const;

 private:
  const TemporaryDirectory directory_;
  const std::uint16_t port_ = FreePort();
  std::unique_ptr<Process> process_;
};

}  // namespace naming::testing

#endif  // NAMING_TESTS_SUPPORT_NGINX_SERVER_H_
