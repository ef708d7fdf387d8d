// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "cli/resolvers.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"

namespace naming::cli {

absl::Status Fetch(const Connect& connect,
                   const std::vector<std::string>& app_ids,
                   std::chrono::milliseconds timeout, Output& output) {
  StopSignals::Unblock();
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + timeout;
  const auto backend = connect(LogSink());
  if (!backend.ok()) return backend.status();
  const auto resolvers = BuildAll(*backend->builder, app_ids);
  if (!resolvers.ok()) return resolvers.status();

  std::string missing;
  absl::Status first_failure;
  for (std::size_t i = 0; i < app_ids.size(); ++i) {
    // All lists are on their way at once: waiting for one is waiting for all.
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const auto snapshot =
        (*resolvers)[i]->Fetch(std::max(left, std::chrono::milliseconds(0)));
    if (snapshot.ok()) {
      output.PrintSnapshot(**snapshot);
      continue;
    }
    missing += absl::StrFormat("%s%s", missing.empty() ? "" : ", ", app_ids[i]);
    first_failure.Update(snapshot.status());
  }
  if (first_failure.ok()) return absl::OkStatus();
  return absl::Status(first_failure.code(),
                      absl::StrFormat("no list of %s: %s", missing,
                                      std::string(first_failure.message())));
}

}  // namespace naming::cli
