// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BUILDER_H_
#define NAMING_BUILDER_H_

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/resolver.h"
#include "naming/target.h"

namespace naming {

// Makes Resolvers for the Targets of one scheme.
//
// Thread-safe.
class NAMING_EXPORT Builder {
 public:
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  virtual ~Builder();

  // Returns the scheme of the Targets that it resolves, such as "discovery".
  virtual std::string_view scheme() const = 0;

  // Returns a Resolver that follows `target.app_id`, whatever the target's
  // parameters: those are for policies. Never waits and does no
  // I/O on the calling thread; Resolvers of one application share their work.
  //
  // Errors: kInvalidArgument, `target` is malformed, of another scheme, or has
  // parameters that the backend doesn't know.
  virtual absl::StatusOr<std::unique_ptr<Resolver>> Build(
      const Target& target) = 0;

  // The same, for a Target as text: "discovery://default/demo.service".
  absl::StatusOr<std::unique_ptr<Resolver>> Build(std::string_view target);

 protected:
  Builder() = default;

  // For implementers of Build(): returns kInvalidArgument when `target` is
  // malformed, not of scheme(), or has other `parameters` than these.
  absl::Status CheckTarget(
      const Target& target,
      std::initializer_list<std::string_view> parameters = {}) const;
};

// Picks the Builder by a Target's scheme.
//
// Thread-compatible. A value: copies share the Builders, and keep them alive.
class NAMING_EXPORT Builders {
 public:
  // Adds `builder` under its scheme.
  //
  // Errors: kInvalidArgument, it is null; kAlreadyExists, the scheme is taken.
  absl::Status Add(std::shared_ptr<Builder> builder);

  // Returns what the Builder of the target's scheme returns.
  //
  // Errors: kInvalidArgument, malformed, or no Builder has that scheme.
  absl::StatusOr<std::unique_ptr<Resolver>> Build(const Target& target) const;
  absl::StatusOr<std::unique_ptr<Resolver>> Build(
      std::string_view target) const;

 private:
  std::map<std::string, std::shared_ptr<Builder>, std::less<>> by_scheme_;
};

}  // namespace naming

#endif  // NAMING_BUILDER_H_
