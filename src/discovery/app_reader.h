// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_APP_READER_H_
#define NAMING_DISCOVERY_APP_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/list.h"
#include "naming/snapshot.h"
#include "net/json_reader.h"

namespace naming::discovery {

// What a node knows of one application.
struct AppAnswer {
  core::List list;           // All of its Instances are objects.
  std::int64_t version = 0;  // Of this node alone: latest_timestamp.
};

// How much was left out of lists; see DecodeApps().
struct Dropped {
  std::size_t addresses = 0;
  std::size_t instances = 0;
};

// Reads what a node knows of (app_id, env). Instances that `present` has too
// are its objects; it may be null. See DecodeApps() for what is dropped.
//
// Errors: kInternal, it can't be read; says why.
absl::StatusOr<AppAnswer> ReadApp(net::JsonReader& reader,
                                  std::string_view app_id, std::string_view env,
                                  std::shared_ptr<const Snapshot> present,
                                  Dropped& dropped);

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_APP_READER_H_
