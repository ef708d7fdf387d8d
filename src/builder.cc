// SPDX-License-Identifier: Apache-2.0

#include "naming/builder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"

namespace naming {

Builder::~Builder() = default;

absl::StatusOr<std::unique_ptr<Resolver>> Builder::Build(
    std::string_view target) {
  const absl::StatusOr<Target> parsed = Target::Parse(target);
  if (!parsed.ok()) return parsed.status();
  return Build(*parsed);
}

absl::Status Builder::CheckTarget(
    const Target& target,
    std::initializer_list<std::string_view> parameters) const {
  absl::Status status = Validate(target);
  if (!status.ok()) return status;
  if (target.scheme != scheme()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "target.scheme: must be \"%s\", is \"%s\"", scheme(), target.scheme));
  }
  for (const auto& [name, value] : target.parameters) {
    if (std::find(parameters.begin(), parameters.end(), name) ==
        parameters.end()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "target: unknown parameter \"%s\"", base::Excerpt(name, 100)));
    }
  }
  return absl::OkStatus();
}

absl::Status Builders::Add(std::shared_ptr<Builder> builder) {
  if (builder == nullptr) {
    return absl::InvalidArgumentError("builders: the builder is null");
  }
  const std::string scheme(builder->scheme());
  if (!by_scheme_.emplace(scheme, std::move(builder)).second) {
    return absl::AlreadyExistsError(
        absl::StrFormat("builders: scheme \"%s\" is taken", scheme));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Resolver>> Builders::Build(
    const Target& target) const {
  const auto it = by_scheme_.find(target.scheme);
  if (it != by_scheme_.end()) return it->second->Build(target);
  std::string known;
  for (const auto& [scheme, builder] : by_scheme_) {
    known += absl::StrFormat("%s\"%s\"", known.empty() ? "" : ", ", scheme);
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("target.scheme: no builder for \"%s\"; there are: %s",
                      target.scheme, known.empty() ? "none" : known));
}

absl::StatusOr<std::unique_ptr<Resolver>> Builders::Build(
    std::string_view target) const {
  const absl::StatusOr<Target> parsed = Target::Parse(target);
  if (!parsed.ok()) return parsed.status();
  return Build(*parsed);
}

}  // namespace naming
