// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_SCHEDULER_FILES_H_
#define NAMING_NODE_SCHEDULER_FILES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/quirks.h"
#include "node/store.h"

namespace naming::node {

// How the clients of a zone are to spread over the zones of an application:
// client zone → target zone → weight.
using ZoneWeights = std::map<std::string, std::map<std::string, std::int64_t>>;

struct SchedulerFile {
  AppKey app;
  ZoneWeights weights;
};

// Reads a scheduler as operators write it, in the form of now,
//   {"app_id":…,"env":…,"clients":{zone:{"zones":{zone:{"weight":10}}}}}
// or with "zones", the list of v1.1.x, in place of "clients":
//   [{"src":zone,"dst":{zone:10}}]
// The list is found under "clients" and "scheduler" too. What else there is,
// such as a remark, is left out.
//
// Errors: kInvalidArgument, it is malformed; says how.
absl::StatusOr<SchedulerFile> ParseSchedulerFile(std::string_view json);

// Returns what clients are shown of it, as JSON.
std::string EncodeScheduler(const ZoneWeights& weights, Quirks quirks);

// What a directory of schedulers holds.
struct SchedulerFiles {
  Schedulers schedulers;               // As clients are shown them.
  std::vector<std::string> malformed;  // "file: what is wrong", to be logged.
};

// Reads every *.json of `directory`, in the order of their names; of two for
// one application the last counts. Blocks on the disk.
//
// Errors: kInvalidArgument, the directory can't be read; says why.
absl::StatusOr<SchedulerFiles> ReadSchedulerFiles(const std::string& directory,
                                                  Quirks quirks);

}  // namespace naming::node

#endif  // NAMING_NODE_SCHEDULER_FILES_H_
