// SPDX-License-Identifier: Apache-2.0
// naming-node: a discovery node for development and tests.

#include <pthread.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// SIGTERM and SIGINT as a wish to end in good order, SIGHUP as one to read the
// files again. To be made before any thread is, so that none of them receives
// what Next() waits for.
class Signals final {
 public:
  Signals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
      sigaddset(&signals_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  // Waits for the next signal.
  int Next() const {
    int signal = 0;
    while (sigwait(&signals_, &signal) != 0) {
    }
    return signal;
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
  std::vector<std::string> zones;  // Each "zone=host:port".
  bool is_verbose = false;
};

// Sorts `line.zones` into the options; false: one isn't "zone=host:port".
bool TakeZones(CommandLine& line) {
  for (const std::string& entry : line.zones) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) return false;
    line.options.zones[entry.substr(0, equals)].push_back(
        entry.substr(equals + 1));
  }
  return true;
}

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
  app.add_option("--scheduler", options.scheduler_dir,
                 "directory of *.json files with the weights of zones, read "
                 "again on SIGHUP")
      ->type_name("DIR");
  app.add_option("--quirks", options.quirks,
                 "faults of real servers that it is to have, such as quiet-set "
                 "or all of v1.2.0")
      ->type_name("NAMES")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--nodes", options.nodes,
                 "the nodes of the own zone, with or without this one")
      ->type_name("HOST:PORT,...")
      ->delimiter(',');
  app.add_option("--zones", line.zones, "nodes of other zones")
      ->type_name("ZONE=HOST:PORT,...")
      ->delimiter(',');
  app.add_flag("--protect", options.protect,
               "answer no reads until a peer has told what there is, or for a "
               "minute");
  app.add_option("--state", options.state_file,
                 "a file that instances outlive a restart in")
      ->type_name("FILE");
  app.add_flag("--verbose", line.is_verbose,
               "say on stderr what happens, not only what is wrong");
  app.set_version_flag(
      "--version", absl::StrFormat("naming-node %d.%d.%d", NAMING_VERSION_MAJOR,
                                   NAMING_VERSION_MINOR, NAMING_VERSION_PATCH));
}

int Run(CommandLine line) {
  const Signals signals;
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
  line.options.recorded_requests = 0;
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
  while (signals.Next() == SIGHUP) {
    const absl::Status status = (*node)->ReloadSchedulers();
    if (!status.ok()) Complain(std::string(status.message()), kFailed);
  }
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
  if (!TakeZones(line)) {
    return Complain("--zones: must be ZONE=HOST:PORT each", kWrongUsage);
  }
  return Run(std::move(line));
}

}  // namespace
}  // namespace naming::node

// CLI11 throws out of it when a definition above is wrong, and that is seen at
// the first run. NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) { return naming::node::Main(argc, argv); }
