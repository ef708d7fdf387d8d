// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_OPTIONS_H_
#define NAMING_DISCOVERY_OPTIONS_H_

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "naming/client_event.h"
#include "naming/export.h"
#include "naming/log.h"
#include "naming/shrink_policy.h"

namespace naming::discovery {

// Whose conventions a discovery Client keeps beyond the protocol's.
enum class Flavour {
  kNone,
  // Kratos v2's: the id of an Instance, its hostname here, is also in its
  // metadata, as kMetadataKratos2Id.
  kKratos2,
};

inline constexpr std::string_view kMetadataKratos2Id =
    "kratos.v2.serviceinstance.id";

// How a discovery Client behaves. Copied by Client::Create().
//
// Thread-compatible. A value.
struct NAMING_EXPORT ClientOptions {
  // --- Behaviour ---

  // The seeds: discovery nodes of the own zone, each "host:port" or
  // "http://host:port" (or "https://…", for nodes behind a TLS proxy). One
  // that answers is enough: the others are found through it. Required.
  std::vector<std::string> nodes;

  // Where this program runs; what it registers gets them, and it resolves
  // Instances of its own env only.
  std::string region = "region01";
  std::string zone = "zone01";
  std::string env = "dev";

  // The hostname of an Instance that names none itself: taken as it is. Empty:
  // the operating system's host name, ":" and the port of the Instance's first
  // address, so that two programs on one machine don't overwrite each other.
  std::string hostname;

  // The app_id of this program; tells the nodes who asks.
  std::string app_id;

  // The color of this program: metadata "color" of the Instances that it
  // registers, unless they carry one.
  std::string color;

  // Where log records go; empty: nowhere.
  LogSink log_sink;

  // What is believed of a list that has become much smaller.
  ShrinkPolicy shrink;

  // Who is told of what changes for the Client; empty: nobody.
  EventSink event_sink;

  // The directory where the lists of this Client are kept, a file for each
  // application, so that a program that starts while no node can be reached has
  // its last ones; see Snapshot::stale_since. Empty: nowhere. It is made when
  // it is missing, but not the ones above it. A file that is damaged, and a
  // directory that can't be used, are events and log records, never errors.
  // Programs may share it if they use one registry: files are told apart by env
  // and app_id. At most 3,000 bytes.
  std::string snapshot_dir;

  // A list that is older isn't used: its addresses may be somebody else's by
  // now. Range: [1min, 8760h].
  std::chrono::milliseconds snapshot_max_age = std::chrono::hours(7 * 24);

  // Kratos v2 services find an Instance's id where they expect it.
  Flavour flavour = Flavour::kNone;

  // --- Tuning ---

  // How long ending a registration may take in all, and so how long destroying
  // a Registration or a Client may. Range: [1ms, 1min].
  std::chrono::milliseconds cancel_timeout = std::chrono::seconds(2);

  // How often a registration is renewed; each interval is shortened by up to a
  // tenth at random. Leave it alone unless told to: nodes evict after 90 s, and
  // take much rarer renewals for failures. Range: [1s, 1min].
  std::chrono::milliseconds renew_interval = std::chrono::seconds(30);

  // How long a node may hold a poll when nothing changes. Range: [1s, 30s].
  std::chrono::milliseconds poll_hold = std::chrono::seconds(25);

  // How long a request that isn't held may take, connecting included; a poll
  // may take poll_hold longer. Range: [100ms, 1min].
  std::chrono::milliseconds request_timeout = std::chrono::seconds(3);

  // How long connecting to a node may take. Range: [10ms, 1min].
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);

  // How often the list of nodes is asked for; each interval is shortened by up
  // to a half at random. Range: [1s, 1h].
  std::chrono::milliseconds nodes_interval = std::chrono::minutes(1);

  // Returns the options that the environment sets, the defaults elsewhere:
  // DISCOVERY_NODES (separated by commas), REGION, ZONE, DEPLOY_ENV, HOSTNAME,
  // APP_ID and DEPLOY_COLOR, as Kratos reads them. An empty variable counts as
  // not set.
  static ClientOptions FromEnvironment();
};

// Returns whether a Client can be made with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "discovery: options.renew_interval: must be in [1s, 1min]".
NAMING_EXPORT absl::Status Validate(const ClientOptions& options);

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_OPTIONS_H_
