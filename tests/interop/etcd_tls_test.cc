// SPDX-License-Identifier: Apache-2.0
// etcd that wants TLS, and a certificate of each client.

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/interop/etcd_fixture.h"
#include "tests/support/distribution.h"
#include "tests/support/temporary_directory.h"

namespace naming::testing {
namespace {

// A CA, and what it has signed for a server on 127.0.0.1 and for a client.
class Certificates final {
 public:
  Certificates() {
    Run({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=test CA", "-keyout", File("ca.key"), "-out", File("ca.pem")});
    for (const char* name : {"server", "client"}) {
      const std::string n = name;
      Run({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + n,
           "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
           File(n + ".key"), "-out", File(n + ".csr")});
      Run({"x509", "-req", "-days", "2", "-in", File(n + ".csr"), "-CA",
           File("ca.pem"), "-CAkey", File("ca.key"), "-CAcreateserial",
           "-copy_extensions", "copyall", "-out", File(n + ".pem")});
    }
  }

  std::string File(const std::string& name) const {
    return directory_.File(name);
  }

 private:
  static void Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/openssl");
    Process openssl(arguments);
    const int status = openssl.Wait();
    CAPTURE(openssl.error_text());
    REQUIRE(status == 0);
  }

  const TemporaryDirectory directory_;
};

TEST_CASE("Over TLS both sides show who they are", "[etcd][tls]") {
  const Certificates certificates;
  // Plain on the port that the fixture asks, TLS on another.
  const std::uint16_t port = FreePort();
  const EtcdFixture f(
      1,
      {"--listen-client-urls", absl::StrFormat("https://127.0.0.1:%d", port),
       "--advertise-client-urls", absl::StrFormat("https://127.0.0.1:%d", port),
       "--listen-metrics-urls", EtcdServer::kOwnUrl, "--client-cert-auth",
       "--trusted-ca-file", certificates.File("ca.pem"), "--cert-file",
       certificates.File("server.pem"), "--key-file",
       certificates.File("server.key")});
  auto options = f.Options();
  options.nodes = {absl::StrFormat("https://127.0.0.1:%d", port)};
  options.ca_file = certificates.File("ca.pem");
  SECTION("with a certificate") {
    options.cert_file = certificates.File("client.pem");
    options.key_file = certificates.File("client.key");
    const auto client = EtcdFixture::Connect(options);
    const Registration a = EtcdFixture::Register(*client, "a");
    const Follow follow(*client);
    CHECK(follow.Sees({"a"}));
    const Registration b = EtcdFixture::Register(*client, "b");
    CHECK(follow.Sees({"a", "b"}));
  }
  SECTION("without one, or without the CA, nothing is done") {
    if (GENERATE(false, true)) {
      options.ca_file.clear();
      options.cert_file = certificates.File("client.pem");
      options.key_file = certificates.File("client.key");
    }
    const auto client = EtcdFixture::Connect(options);
    RegisterOptions patience;
    patience.timeout = std::chrono::seconds(1);
    const absl::Status status =
        client->Register(MakeInstance("demo", "a"), patience).status();
    CHECK(absl::IsUnavailable(status));
  }
}

}  // namespace
}  // namespace naming::testing
