// SPDX-License-Identifier: Apache-2.0

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/etcd_server.h"
#include "tests/support/process.h"

// The program namingctl on a real etcd, as a shell runs it.
namespace naming {
namespace {

using testing::EtcdServer;
using testing::Process;

using Strings = std::vector<std::string>;

Strings Ctl(const std::string& registry, const Strings& arguments) {
  Strings all = {NAMINGCTL_PROGRAM, "--registry", registry, "--zone",
                 "zone01",          "--output",   "json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

// Returns whether the next line that `process` prints has `text`.
bool Prints(Process& process, const std::string& text) {
  const std::optional<std::string> line = process.ReadLine();
  INFO(process.error_text());
  REQUIRE(line.has_value());
  CAPTURE(*line);
  return line->find(text) != std::string::npos;
}

// Registers, fetches and watches "demo" by way of `registry`.
void RunAll(const std::string& registry) {
  const std::string addr = "grpc://127.0.0.1:9000";
  Process watch(Ctl(registry, {"watch", "demo"}));
  Process provider(Ctl(registry, {"register", "demo", "--addr", addr}));
  CHECK(Prints(provider, "\"event\":\"registered\""));
  CHECK(Prints(watch, addr));
  {
    Process fetch(Ctl(registry, {"fetch", "demo"}));
    CHECK(Prints(fetch, addr));
    CHECK(fetch.Wait() == 0);
  }
  provider.Signal(SIGTERM);
  CHECK(Prints(provider, "\"event\":\"cancelled\""));
  CHECK(provider.Wait() == 0);
  CHECK(Prints(watch, "\"instances\":{}"));
  watch.Signal(SIGTERM);
  CHECK(watch.Wait() == 0);
  Process fetch(Ctl(registry, {"fetch", "demo", "--timeout", "1s"}));
  CHECK(fetch.Wait() == 1);
  CHECK(fetch.error_text().find("no such application") != std::string::npos);
}

TEST_CASE("namingctl registers, fetches and watches in every layout",
          "[etcd][cli]") {
  const EtcdServer server;
  for (const std::string layout : {"kratos", "gozero", "kratos1", "grpc"}) {
    CAPTURE(layout);
    RunAll("etcd+" + layout + "://" + server.address());
  }
}

TEST_CASE("A path after the members is where the keys begin", "[etcd][cli]") {
  const EtcdServer server;
  const std::string registry = "etcd+kratos://" + server.address() + "/mine";
  Process provider(Ctl(registry, {"register", "demo", "--hostname", "h",
                                  "--addr", "grpc://127.0.0.1:9000"}));
  CHECK(Prints(provider, "\"event\":\"registered\""));
  CHECK(server.Range("/mine/demo/h").size() == 1);
}

TEST_CASE("namingctl says what is wrong with a registry", "[etcd][cli]") {
  const std::string registry =
      GENERATE("etcd+nacos://h:1", "etcd+kratos://", "redis://h:1", "nonsense");
  CAPTURE(registry);
  Process fetch(Ctl(registry, {"fetch", "demo"}));
  CHECK(fetch.Wait() != 0);
  CHECK(fetch.error_text().find("registry") != std::string::npos);
}

TEST_CASE("direct:// resolves what it names", "[etcd][cli]") {
  Process fetch(Ctl("direct://", {"fetch", "127.0.0.1:80,127.0.0.1:81"}));
  CHECK(Prints(fetch, "127.0.0.1:81"));
  CHECK(fetch.Wait() == 0);
}

}  // namespace
}  // namespace naming
