// SPDX-License-Identifier: Apache-2.0

#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "cli/resolvers.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "naming/log.h"
#include "naming/resolver.h"
#include "naming/watcher.h"

namespace naming::cli {
namespace {

// A silent registry looks like one where nothing changes: tell them apart.
void PrintLog(const LogRecord& record) {
  std::cerr << "namingctl: " + std::string(ToString(record.level)) + ": " +
                   record.message + "\n"
            << std::flush;
}

}  // namespace

absl::Status Watch(const Connect& connect,
                   const std::vector<std::string>& app_ids,
                   std::optional<std::chrono::milliseconds> run_for,
                   Output& output) {
  StopSignals stop;
  const absl::StatusOr<Backend> backend = connect(PrintLog);
  if (!backend.ok()) return backend.status();

  const auto resolvers = BuildAll(*backend->builder, app_ids);
  if (!resolvers.ok()) return resolvers.status();
  std::vector<Watcher> watchers;
  for (const std::unique_ptr<Resolver>& resolver : *resolvers) {
    watchers.push_back(resolver->Watch(
        [&output, &stop](const std::shared_ptr<const Snapshot>& snapshot) {
          if (!output.PrintSnapshot(*snapshot)) stop.Request();
        }));
  }
  stop.Wait(run_for);
  return absl::OkStatus();
}

}  // namespace naming::cli
