// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLI_VERBS_H_
#define NAMING_CLI_VERBS_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/backend.h"
#include "cli/output.h"
#include "naming/discovery/options.h"
#include "naming/instance.h"

namespace naming::cli {

// The verbs of namingctl. Each makes a Client of its own and returns when its
// work is done, has failed, or is ended by a signal where it says so.
//
// Errors: kInvalidArgument, an argument is malformed, which is found before any
// request; else what the Client says.

// Keeps `instance` registered for `run_for`, or until a signal comes; then
// cancels the registration. Fails when the registry doesn't take it within
// 5 s.
absl::Status Register(const Connect& connect, const Instance& instance,
                      std::optional<std::chrono::milliseconds> run_for,
                      Output& output);

// Prints each change of `app_ids` for `run_for`, or until a signal comes.
absl::Status Watch(const Connect& connect,
                   const std::vector<std::string>& app_ids,
                   std::optional<std::chrono::milliseconds> run_for,
                   Output& output);

// Prints the present list of each of `app_ids`, waiting up to `timeout` for all
// of them together. Errors: kNotFound and others, naming those that have none.
absl::Status Fetch(const Connect& connect,
                   const std::vector<std::string>& app_ids,
                   std::chrono::milliseconds timeout, Output& output);

// Prints the nodes that a Client of discovery knows, once one of them has
// answered.
absl::Status Nodes(const discovery::ClientOptions& options, Output& output);

}  // namespace naming::cli

#endif  // NAMING_CLI_VERBS_H_
