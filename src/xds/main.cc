// SPDX-License-Identifier: Apache-2.0
// naming-xds: serves a registry to gRPC's xds:/// channels, and to Envoy.

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/text.h"
#include "cli/backend.h"
#include "cli/stop_signals.h"
#include "naming/discovery/options.h"
#include "naming/log.h"
#include "naming/version.h"
#include "naming/xds/server.h"

namespace naming::xds {
namespace {

// Exit status, which scripts rely on.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

struct CommandLine {
  discovery::ClientOptions client = discovery::ClientOptions::FromEnvironment();
  std::string registry;
  ServerOptions server;
  std::string node_id = "naming";
  bool is_verbose = false;
};

int Complain(std::string_view message, int exit_status) {
  std::cerr << absl::StrFormat("naming-xds: %s\n", base::Excerpt(message, 1000))
            << std::flush;
  return exit_status;
}

int Complain(const absl::Status& status) {
  return Complain(std::string(status.message()),
                  absl::IsInvalidArgument(status) ? kWrongUsage : kFailed);
}

void AddOptions(CLI::App& app, CommandLine& line) {
  app.add_option("--nodes", line.client.nodes,
                 "discovery nodes, host:port,… [DISCOVERY_NODES]")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NODES");
  app.add_option("--registry", line.registry,
                 "discovery://h:p,h:p, etcd+kratos://h:p/prefix (or gozero, "
                 "kratos1, grpc), direct://; else discovery at --nodes")
      ->type_name("URL");
  app.add_option("--env", line.client.env, "own environment [DEPLOY_ENV]")
      ->type_name("ENV");
  app.add_option("--zone", line.server.zone,
                 "whose endpoints clients prefer that don't say their zone")
      ->type_name("ZONE");
  app.add_option("--listen", line.server.listen,
                 "unix:path, unix-abstract:name or host:port")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_flag("--public", line.server.is_public,
               "listen where other machines reach it");
  app.add_option("--scheme", line.server.addr_scheme,
                 "which addresses of instances are served")
      ->type_name("SCHEME")
      ->capture_default_str();
  app.add_option("--retries", line.server.retries,
                 "how often clients try again what was UNAVAILABLE")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--node-id", line.node_id,
                 "the id in the bootstrap that is printed")
      ->type_name("ID")
      ->capture_default_str();
  app.add_flag("--verbose", line.is_verbose,
               "say on stderr what happens, not only what is wrong");
  app.set_version_flag(
      "--version", absl::StrFormat("naming-xds %d.%d.%d", NAMING_VERSION_MAJOR,
                                   NAMING_VERSION_MINOR, NAMING_VERSION_PATCH));
}

int Run(CommandLine line) {
  // Not even between its bind() and chmod() is the socket for others.
  umask(S_IRWXG | S_IRWXO);
  cli::StopSignals stop;
  std::signal(SIGPIPE, SIG_IGN);
  const LogSink sink = [is_verbose = line.is_verbose](const LogRecord& record) {
    if (record.level == LogLevel::kInfo && !is_verbose) return;
    // In one piece: two objects write.
    std::cerr << absl::StrFormat("naming-xds: %s: %s\n", ToString(record.level),
                                 record.message)
              << std::flush;
  };
  const auto connect = cli::ParseRegistry(line.registry, line.client);
  if (!connect.ok()) {
    return Complain(absl::StrFormat("--registry: %s",
                                    std::string(connect.status().message())),
                    kWrongUsage);
  }
  const auto backend = (*connect)(sink);
  if (!backend.ok()) return Complain(backend.status());
  line.server.log_sink = sink;
  const auto server = Server::Start(*backend->builder, line.server);
  if (!server.ok()) return Complain(server.status());
  std::cout << absl::StrFormat("listening on %s\n", (*server)->address())
            << absl::StrFormat("GRPC_XDS_BOOTSTRAP_CONFIG=%s\n",
                               (*server)->Bootstrap(line.node_id))
            << std::flush;
  stop.Wait(std::nullopt);
  return kDone;
}

int Main(int argc, char** argv) {
  CLI::App app("Serves a registry to gRPC's xds:/// channels, and to Envoy.",
               "naming-xds");
  CommandLine line;
  AddOptions(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help and --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return Complain(error.what(), kWrongUsage);
  }
  return Run(std::move(line));
}

}  // namespace
}  // namespace naming::xds

// CLI11 throws out of it when a definition above is wrong, and that is seen at
// the first run. NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) { return naming::xds::Main(argc, argv); }
