// SPDX-License-Identifier: Apache-2.0

#include "cli/resolvers.h"

#include <utility>

#include "naming/target.h"

namespace naming::cli {

absl::StatusOr<std::vector<std::unique_ptr<Resolver>>> BuildAll(
    Builder& builder, const std::vector<std::string>& app_ids) {
  std::vector<std::unique_ptr<Resolver>> resolvers;
  for (const std::string& app_id : app_ids) {
    Target target;
    target.scheme = std::string(builder.scheme());
    target.app_id = app_id;
    absl::StatusOr<std::unique_ptr<Resolver>> resolver = builder.Build(target);
    if (!resolver.ok()) return resolver.status();
    resolvers.push_back(*std::move(resolver));
  }
  return resolvers;
}

}  // namespace naming::cli
