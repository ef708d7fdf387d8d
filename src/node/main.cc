// SPDX-License-Identifier: Apache-2.0
// naming-node: a discovery node for development and tests.

#include <pthread.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "naming/log.h"
#include "naming/node/discovery_node.h"
#include "naming/version.h"

namespace naming::node {
namespace {

// Exit status, which scripts rely on.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int Complain(std::string_view message, int exit_status) {
  std::cerr << absl::StrFormat("naming-node: %s\n", message) << std::flush;
  return exit_status;
}

// SIGTERM and SIGINT as a wish to end in good order. To be made before any
// thread is, so that none of them receives what Wait() waits for.
class StopSignals final {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  void Wait() const {
    int ignored = 0;
    while (sigwait(&signals_, &ignored) != 0) {
    }
  }

 private:
  sigset_t signals_;
};

// Each held poll needs a file descriptor, and the system's first offer may be a
// thousand. The most it allows is worth a try.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

struct CommandLine {
  DiscoveryNodeOptions options;
  bool is_verbose = false;
};

void AddOptions(CLI::App& app, CommandLine& line) {
  DiscoveryNodeOptions& options = line.options;
  app.add_option("--listen", options.listen,
                 "where to listen; port 0 takes a free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--region", options.region, "own region")
      ->type_name("REGION")
      ->capture_default_str();
  app.add_option("--zone", options.zone, "own zone")
      ->type_name("ZONE")
      ->capture_default_str();
  app.add_option("--env", options.env, "own environment")
      ->type_name("ENV")
      ->capture_default_str();
  app.add_option("--hostname", options.hostname,
                 "own name; else the host's, with the port")
      ->type_name("NAME");
  app.add_flag("--verbose", line.is_verbose,
               "say on stderr what happens, not only what is wrong");
  app.set_version_flag(
      "--version", absl::StrFormat("naming-node %d.%d.%d", NAMING_VERSION_MAJOR,
                                   NAMING_VERSION_MINOR, NAMING_VERSION_PATCH));
}

int Run(CommandLine line) {
  const StopSignals stop_signals;
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
  line.options.log_sink = [is_verbose =
                               line.is_verbose](const LogRecord& record) {
    if (record.level == LogLevel::kInfo && !is_verbose) return;
    std::cerr << absl::StrFormat("naming-node: %s: %s\n",
                                 ToString(record.level), record.message)
              << std::flush;
  };
  const absl::StatusOr<std::unique_ptr<DiscoveryNode>> node =
      DiscoveryNode::Start(std::move(line.options));
  if (!node.ok()) {
    return Complain(
        std::string(node.status().message()),
        absl::IsInvalidArgument(node.status()) ? kWrongUsage : kFailed);
  }
  std::cout << absl::StrFormat("listening on http://%s\n", (*node)->address())
            << std::flush;
  stop_signals.Wait();
  (*node)->Stop();
  return kDone;
}

int Main(int argc, char** argv) {
  CLI::App app("A discovery node for development and tests.", "naming-node");
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
}  // namespace naming::node

int main(int argc, char** argv) { return naming::node::Main(argc, argv); }
