// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_INSTANCE_H_
#define NAMING_INSTANCE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "naming/export.h"

namespace naming {

// Metadata keys that this library gives a meaning.
inline constexpr std::string_view kMetadataWeight = "weight";
inline constexpr std::string_view kMetadataCluster = "cluster";
inline constexpr std::string_view kMetadataColor = "color";
inline constexpr std::string_view kMetadataZone = "zone";

// One running copy of an application, as registered.
//
// Two Instances of one application are told apart by (env, zone, hostname).
//
// Thread-compatible. A value.
struct NAMING_EXPORT Instance {
  // Whether an Instance takes traffic.
  enum class Status {
    kUp = 1,       // Registered and taking traffic.
    kWaiting = 2,  // Registered, but not to be called yet or any more.
  };

  // What consumers ask for. Required.
  std::string app_id;

  // Names this Instance among those of its application, zone and env. Empty in
  // Register(): the Client's own host name, made unique (see its options).
  std::string hostname;

  // Where it runs. Empty in Register(): the Client's own.
  std::string region;
  std::string zone;
  std::string env;

  // Where it listens, each "scheme://host:port", such as
  // "grpc://10.0.0.7:9000". At least one is required; IPv6 hosts stand in
  // brackets.
  std::vector<std::string> addrs;

  // Version of the program; free text.
  std::string version;

  // Free key/value pairs, valid UTF-8; see kMetadataWeight and the like.
  std::map<std::string, std::string> metadata;

  Status status = Status::kUp;
};

NAMING_EXPORT bool operator==(const Instance& a, const Instance& b);
NAMING_EXPORT bool operator!=(const Instance& a, const Instance& b);

// Returns "up" or "waiting"; "unknown" for a value outside the enumeration.
NAMING_EXPORT std::string_view ToString(Instance::Status status);

// Returns whether `instance` can be registered.
//
// Errors: kInvalidArgument; the message begins with the field, such as
// "instance.addrs[1]: ...".
NAMING_EXPORT absl::Status Validate(const Instance& instance);

// Returns the relative weight of `instance`: its metadata "weight" when that is
// a decimal number from 1 to 1,000,000, else 10, which Kratos also assumes.
NAMING_EXPORT int Weight(const Instance& instance);

}  // namespace naming

#endif  // NAMING_INSTANCE_H_
