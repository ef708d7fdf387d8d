// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TARGET_H_
#define NAMING_TARGET_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"

namespace naming {

// Names what to resolve, and how to choose among what comes back:
//
//   scheme://authority/app_id?subset=50&zone=sh001&cluster=a&cluster=b&scheme=grpc
//
// The grammar is that of Kratos' `discovery://default/demo.service?subset=50`.
// The authority may be empty or "default": a Client ignores it. Parts are
// percent-encoded where they hold reserved characters.
//
// A Resolver returns every Instance of `app_id`; what the parameters ask for is
// up to the policies that choose among them (naming/filter.h).
//
// Thread-compatible. A value.
struct NAMING_EXPORT Target {
  // Which Builder resolves it, in lower case, such as "discovery".
  std::string scheme;
  std::string authority;
  std::string app_id;

  // At most this many Instances for one client; 0 means all. Range: [0,
  // 100000].
  std::optional<int> subset;

  // Overrides the client_zone.
  std::optional<std::string> zone;

  // Only Instances whose metadata "cluster" is one of these; empty means all.
  std::vector<std::string> clusters;

  // Only addresses of this scheme, such as "grpc".
  std::optional<std::string> addr_scheme;

  // Returns the parts of `text`.
  //
  // Errors: kInvalidArgument; the message names the part or the parameter.
  static absl::StatusOr<Target> Parse(std::string_view text);

  // Returns text that Parse() turns into an equal Target.
  std::string ToString() const;
};

NAMING_EXPORT bool operator==(const Target& a, const Target& b);
NAMING_EXPORT bool operator!=(const Target& a, const Target& b);

// Returns whether `target`, which need not come from Parse(), is well formed.
//
// Errors: kInvalidArgument; the message names the field.
NAMING_EXPORT absl::Status Validate(const Target& target);

}  // namespace naming

#endif  // NAMING_TARGET_H_
