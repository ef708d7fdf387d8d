// SPDX-License-Identifier: Apache-2.0

#include "tests/support/nginx_server.h"

#include <csignal>
#include <fstream>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"

namespace naming::testing {
namespace {

// All that it writes is in its directory.
constexpr char kConfiguration[] = R"(
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 512; }
http {
  log_format connection '$connection';
  access_log access.log connection;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:%d;
    %s
  }
}
)";

}  // namespace

NginxServer::NginxServer(std::string_view server) {
  std::ofstream(directory_.File("nginx.conf"))
      << absl::StrFormat(kConfiguration, port_, server);
  Start();
}

NginxServer::~NginxServer() = default;

void NginxServer::Start() {
  process_ = std::make_unique<Process>(std::vector<std::string>{
      InstalledProgram("nginx"), "-p", directory_.path(), "-c",
      directory_.File("nginx.conf"), "-e", "stderr"});
  const bool listens =
      Eventually([&] { return RawClient(address()).fd() != -1; });
  CAPTURE(process_->error_text());
  REQUIRE(listens);
}

void NginxServer::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait();
}

std::map<std::string, std::size_t> NginxServer::RequestsByConnection() const {
  std::ifstream log(directory_.File("access.log"));
  std::map<std::string, std::size_t> requests;
  for (std::string connection; std::getline(log, connection);) {
    ++requests[connection];
  }
  return requests;
}

std::size_t NginxServer::requests() const {
  std::size_t sum = 0;
  for (const auto& [connection, count] : RequestsByConnection()) sum += count;
  return sum;
}

}  // namespace naming::testing
