// SPDX-License-Identifier: Apache-2.0
// Requests over TLS, to openssl's own server.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "naming/direct/client.h"
#include "naming/http/client.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace naming::http {
namespace {

constexpr char kOpenssl[] = "/usr/bin/openssl";

// A server that proves to be demo.app to who asks for that name, and to be
// other.app to everybody else.
class TlsServer final {
 public:
  TlsServer() {
    MakeCertificate("demo");
    MakeCertificate("other");
    process_ = std::make_unique<testing::Process>(std::vector<std::string>{
        kOpenssl, "s_server", "-www", "-accept", "127.0.0.1:0", "-cert",
        File("other.pem"), "-key", File("other.key"), "-servername", "demo.app",
        "-cert2", File("demo.pem"), "-key2", File("demo.key")});
    const std::string accepts = "ACCEPT ";
    while (const auto line = process_->ReadLine()) {
      if (line->find(accepts) != 0) continue;
      address_ = line->substr(accepts.size());
      break;
    }
    CAPTURE(process_->error_text());
    REQUIRE_FALSE(address_.empty());
  }

  std::string File(const std::string& name) const {
    return directory_.File(name);
  }
  const std::string& address() const { return address_; }

 private:
  void MakeCertificate(const std::string& name) const {
    testing::Process openssl({kOpenssl, "req", "-x509", "-newkey", "rsa:2048",
                              "-nodes", "-days", "2", "-subj", "/CN=" + name,
                              "-addext", "subjectAltName=DNS:" + name + ".app",
                              "-keyout", File(name + ".key"), "-out",
                              File(name + ".pem")});
    const int status = openssl.Wait();
    CAPTURE(openssl.error_text());
    REQUIRE(status == 0);
  }

  const testing::TemporaryDirectory directory_;
  std::unique_ptr<testing::Process> process_;
  std::string address_;
};

TEST_CASE("TLS names and certificates are the application's", "[http][tls]") {
  const TlsServer server;
  direct::ClientOptions direct_options;
  direct_options.addr_scheme = "https";
  const auto registry = direct::Client::Create(direct_options).value();
  ClientOptions options;
  options.timeout = std::chrono::seconds(30);
  options.host = "demo.app";
  options.ca_file = server.File("demo.pem");
  const auto get = [&] {
    const auto client =
        Client::Create(*registry,
                       "direct:///" + server.address() + "?scheme=https",
                       options)
            .value();
    REQUIRE(client->WaitReady(options.timeout).ok());
    return client->Get("/");
  };

  const auto response = get();
  REQUIRE(response.ok());
  CHECK(response->status_code == 200);

  SECTION("another application's name isn't proved") {
    options.host = "third.app";
    CHECK(get().status().code() == absl::StatusCode::kUnavailable);
  }
  SECTION("nor is the address") {
    options.host_mode = HostMode::kInstance;
    CHECK(get().status().code() == absl::StatusCode::kUnavailable);
  }
  SECTION("nor anything by a certificate of somebody else") {
    options.ca_file = server.File("other.pem");
    CHECK(get().status().code() == absl::StatusCode::kUnavailable);
  }
  SECTION("unless it needn't be") {
    options.host_mode = HostMode::kInstance;
    options.skips_server_check = true;
    CHECK(get().ok());
  }
}

}  // namespace
}  // namespace naming::http
