// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLI_BACKEND_H_
#define NAMING_CLI_BACKEND_H_

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "naming/builder.h"
#include "naming/discovery/options.h"
#include "naming/log.h"
#include "naming/registry.h"

namespace naming::cli {

// A Client of some registry: both are the same object.
struct Backend {
  std::shared_ptr<Registry> registry;
  std::shared_ptr<Builder> builder;
};

// Makes a Client that logs to the sink. Never waits.
//
// Errors: kInvalidArgument, it can't be made.
using Connect = std::function<absl::StatusOr<Backend>(LogSink)>;

// Returns how to make a Client of the registry that `url` names:
//
//   discovery://h:p,h:p                  as --nodes h:p,h:p
//   etcd+kratos://[user:pass@]h:p/prefix   also gozero, kratos1, grpc
//   direct://                            the application is the list of
//   addresses direct://h:p,h:p                     every application is at
//   these
//
// Empty: discovery, as `options` say; from which other registries also take
// region, zone and env, the defaults apart.
//
// Errors: kInvalidArgument, it names none.
absl::StatusOr<Connect> ParseRegistry(std::string_view url,
                                      const discovery::ClientOptions& options);

}  // namespace naming::cli

#endif  // NAMING_CLI_BACKEND_H_
