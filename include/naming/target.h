// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TARGET_H_
#define NAMING_TARGET_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"

namespace naming {

// The largest subset that a Target or BalancedOptions may ask for.
inline constexpr int kMaxSubset = 100'000;

// Names what to resolve, and how to choose among what comes back:
//
//   scheme://authority/app_id?subset=50&zone=sh001&cluster=a&cluster=b&scheme=grpc
//
// The grammar is that of Kratos' `discovery://default/demo.service?subset=50`,
// and holds those of its other registries and of go-zero: what the authority
// and further parameters mean is up to the backend. A discovery Client ignores
// the authority. Parts are percent-encoded where they hold reserved characters;
// blanks around commas are dropped.
//
// A Resolver returns every Instance of `app_id`; what `subset`, `zone`,
// `clusters` and `addr_scheme` ask for is done by the policies that choose
// among them (naming/balanced.h).
//
// Thread-compatible. A value.
struct NAMING_EXPORT Target {
  // Which Builder resolves it, in lower case, such as "discovery".
  std::string scheme;

  // Empty or "default" where the Client knows whom to ask; else what the
  // backend takes it for, such as hosts: "h1:2379,h2:2379".
  std::string authority;

  // What to resolve: everything between the authority's slash and the '?'. It
  // may have several segments ("microservices/helloworld"), or be a list
  // ("h1:80,h2:80"), where the backend says so.
  std::string app_id;

  // At most this many Instances for one client; 0 means all. Range:
  // [0, kMaxSubset].
  std::optional<int> subset;

  // Overrides the client_zone. Of several the first counts, as in Kratos.
  std::optional<std::string> zone;

  // Only Instances whose metadata "cluster" is one of these; empty means all.
  std::vector<std::string> clusters;

  // Only addresses of this scheme, such as "grpc".
  std::optional<std::string> addr_scheme;

  // Every other parameter, in their order, such as ("key", "user.rpc"). They
  // are the backend's: it refuses those that it doesn't know, because a
  // misspelt "subset" that counts for nothing is found too late.
  std::vector<std::pair<std::string, std::string>> parameters;

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
