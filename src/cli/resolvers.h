// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLI_RESOLVERS_H_
#define NAMING_CLI_RESOLVERS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/builder.h"
#include "naming/resolver.h"

namespace naming::cli {

// Returns a Resolver for each of `app_ids`, in their order.
//
// Errors: kInvalidArgument, one of them is malformed.
absl::StatusOr<std::vector<std::unique_ptr<Resolver>>> BuildAll(
    Builder& builder, const std::vector<std::string>& app_ids);

}  // namespace naming::cli

#endif  // NAMING_CLI_RESOLVERS_H_
