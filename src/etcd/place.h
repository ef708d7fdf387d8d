// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_PLACE_H_
#define NAMING_ETCD_PLACE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "naming/etcd/options.h"
#include "naming/target.h"

namespace naming::etcd {

// Returns the scheme of targets of `layout`: "etcd+kratos".
std::string SchemeOf(Layout layout);

// Returns the app_id of `target`, of a client with `options`: what follows the
// prefix, if the path begins with that.
//
// Errors: kInvalidArgument, there is none.
absl::StatusOr<std::string> AppIdOf(const Target& target,
                                    const ClientOptions& options);

}  // namespace naming::etcd

#endif  // NAMING_ETCD_PLACE_H_
