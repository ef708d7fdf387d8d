// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_ARGUMENTS_H_
#define NAMING_NODE_ARGUMENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/form.h"
#include "node/store.h"

namespace naming::node {

// The arguments of the endpoints. Each Bind() reads and validates them.
//
// Errors: kInvalidArgument; the message is what the client is told.

struct RegisterArguments {
  std::string region;
  std::string zone;
  std::string env;
  std::string app_id;
  std::string hostname;
  std::uint32_t status = 0;
  std::vector<std::string> addrs;
  std::string version;
  std::string metadata;  // JSON, unless it is empty.
  std::int64_t dirty_timestamp = 0;
  bool is_replica = false;
  bool is_from_zone = false;

  static absl::StatusOr<RegisterArguments> Bind(const Request& request,
                                                const Form& form);
};

struct RenewArguments {
  InstanceKey key;
  std::int64_t dirty_timestamp = 0;
  bool is_replica = false;
  bool is_from_zone = false;

  static absl::StatusOr<RenewArguments> Bind(const Request& request,
                                             const Form& form);
};

struct CancelArguments {
  InstanceKey key;
  std::int64_t latest_timestamp = 0;
  bool is_replica = false;
  bool is_from_zone = false;

  static absl::StatusOr<CancelArguments> Bind(const Request& request,
                                              const Form& form);
};

struct FetchArguments {
  std::string zone;
  AppKey app;
  std::uint32_t status = 0;

  static absl::StatusOr<FetchArguments> Bind(const Request& request,
                                             const Form& form);
};

struct FetchsArguments {
  std::string zone;
  std::string env;
  std::vector<std::string> app_ids;
  std::uint32_t status = 0;

  static absl::StatusOr<FetchsArguments> Bind(const Request& request,
                                              const Form& form);
};

// Of poll too. The hostname names nothing, and is required.
struct PollsArguments {
  std::string zone;
  std::string env;
  std::vector<std::string> app_ids;
  std::string hostname;
  std::vector<std::int64_t> latest_timestamps;

  static absl::StatusOr<PollsArguments> Bind(const Request& request,
                                             const Form& form);
};

struct SetArguments {
  std::string zone;
  AppKey app;
  std::vector<std::string> hostnames;
  std::vector<std::int64_t> statuses;  // Empty, or one for each hostname.
  std::vector<std::string> metadata;   // The same; each is JSON.
  std::int64_t set_timestamp = 0;
  bool is_replica = false;
  bool is_from_zone = false;

  static absl::StatusOr<SetArguments> Bind(const Request& request,
                                           const Form& form);
};

// Returns the metadata that registers as `json`: an object of strings, where a
// value that isn't one is "". Other JSON, and "", is no metadata.
//
// Errors: kInvalidArgument, it isn't JSON.
absl::StatusOr<std::optional<Metadata>> ParseMetadata(std::string_view json);

// Returns what `json` does as a metadata parameter of /set.
MetadataChange ParseMetadataChange(std::string_view json);

}  // namespace naming::node

#endif  // NAMING_NODE_ARGUMENTS_H_
