// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_OPTIONS_H_
#define NAMING_ETCD_OPTIONS_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/client_event.h"
#include "naming/export.h"
#include "naming/log.h"
#include "naming/shrink_policy.h"

namespace naming::etcd {

// How Instances stand in etcd: whose programs read them, and are read.
enum class Layout {
  // Kratos v2 and v3: <prefix>/<app_id>/<hostname>, the prefix /microservices.
  kKratos,
  // go-zero: <app_id>/<lease>, an address and nothing else. An Instance that is
  // read has its address for hostname, and "grpc" for the address's scheme.
  kGoZero,
  // Kratos v1: <prefix>/<app_id>/<hostname>, the prefix /kratos_etcd. The only
  // one with a status.
  kKratos1,
  // etcd's own naming/endpoints, which gRPC-Go resolves: <app_id>/<hostname>.
  kGrpc,
};

// Returns "kratos", "gozero", "kratos1" or "grpc"; "unknown" for a value
// outside the enumeration.
NAMING_EXPORT std::string_view ToString(Layout layout);

// How an etcd Client behaves. Copied by Client::Create().
//
// Thread-compatible. A value.
struct NAMING_EXPORT ClientOptions {
  // --- Behaviour ---

  // The members of the cluster, each "host", "host:port" or "http://host:port",
  // or "https://…" for TLS; the port is 2379 unless given. One that answers is
  // enough, but only those that stand here are ever asked. Required.
  std::vector<std::string> nodes;

  Layout layout = Layout::kKratos;

  // Where the layout's keys begin, with or without slashes at its ends. Empty:
  // the layout's own.
  std::string prefix;

  // Where this program runs; what it registers gets them. Most Go programs on
  // etcd know no zones: what is read without one counts as in this zone. In the
  // layouts kratos and grpc, metadata "zone" is an Instance's zone, and what is
  // registered with a zone gets it.
  std::string region;
  std::string zone;
  std::string env;

  // The hostname of an Instance that names none itself: the id in the layout
  // kratos. Empty: the operating system's host name, ":" and the port of the
  // Instance's first address, so that a program that starts again takes its old
  // place; in the layouts gozero and grpc the address, as Go programs do.
  std::string hostname;

  // With a user, each request carries a token got for it and the password.
  std::string user;
  std::string password;

  // For https: PEM files of the CA that the members' certificates are checked
  // against (empty: the system's), and of the certificate and key that this
  // program shows (empty: none).
  std::string ca_file;
  std::string cert_file;
  std::string key_file;

  // Whether https members need not prove who they are. For tests only.
  bool skips_server_check = false;

  // In the layout gozero, where a second key of each Instance begins, which
  // holds all that an address alone doesn't tell; go-zero doesn't read it.
  // Empty: there is none. The user must be allowed to read and write there.
  std::string details_prefix;

  // Where log records go; empty: nowhere.
  LogSink log_sink;

  // What is believed of a list that has become much smaller. Empty: as
  // ShrinkPolicy's defaults, but what is missing is held back for as long as a
  // lease lives and a third more, by when whoever is alive is there again.
  std::optional<ShrinkPolicy> shrink;

  // Who is told of what changes for the Client; empty: nobody.
  EventSink event_sink;

  // The directory where the lists of this Client are kept, a file for each
  // application, so that a program that starts while no member can be reached
  // has its last ones; see Snapshot::stale_since. Empty: nowhere. It is made
  // when it is missing, but not the ones above it. A file that is damaged, and
  // a directory that can't be used, are events and log records, never errors.
  // Programs may share it if they use one etcd: files are told apart by layout,
  // prefix, region, zone, env and app_id. At most 3,000 bytes.
  std::string snapshot_dir;

  // A list that is older isn't used: its addresses may be somebody else's by
  // now. Range: [1min, 8760h].
  std::chrono::milliseconds snapshot_max_age = std::chrono::hours(7 * 24);

  // --- Tuning ---

  // How long etcd keeps what this program registered once it has fallen silent.
  // Whole seconds; zero: as long as the layout's framework, which is 15 s for
  // kratos and grpc, 10 s for gozero and 90 s for kratos1. Leave it alone
  // unless told to. Range: [1s, 1h], or zero.
  std::chrono::seconds ttl{0};

  // How long ending a registration may take in all, and so how long destroying
  // a Registration or a Client may. Range: [1ms, 1min].
  std::chrono::milliseconds cancel_timeout = std::chrono::seconds(3);

  // How often an application's whole list is read again, whatever its watch
  // brings; each interval is shortened by up to a half at random. Range: [1s,
  // 1h].
  std::chrono::milliseconds resync_interval = std::chrono::minutes(1);

  // How long a request may take, connecting included. Range: [100ms, 1min].
  std::chrono::milliseconds request_timeout = std::chrono::seconds(3);

  // How long connecting to a member may take. Range: [10ms, 1min].
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);
};

// A target with everything in it: which client, and what it resolves.
//
// Thread-compatible. A value.
struct NAMING_EXPORT Location {
  ClientOptions options;  // Defaults, but for nodes, layout and prefix.
  std::string app_id;     // May be empty.
};

// Returns what `text` says, in one of these forms:
//
//   etcd+kratos://h1,h2/microservices/helloworld     also gozero, kratos1,
//   grpc:
//                        the last part of the path is the app_id, the rest the
//                        prefix, for gozero and grpc the whole path the app_id
//   etcd://h1:2379,h2:2379/user.rpc                  go-zero, also discov://
//   etcd:///h1:2379,h2:2379?key=user.rpc             go-zero from 1.10.2 on
//
// Errors: kInvalidArgument; the message says what is wrong.
NAMING_EXPORT absl::StatusOr<Location> ParseLocation(std::string_view text);

// Returns the options for the registry that `text` names, of which the whole
// path is the prefix: "etcd+kratos://user:password@h1,h2/microservices", where
// the user and the path may be missing.
//
// Errors: kInvalidArgument; the message says what is wrong.
NAMING_EXPORT absl::StatusOr<ClientOptions> ParseRegistry(
    std::string_view text);

// Returns whether a Client can be made with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "etcd: options.request_timeout: must be in [100ms, 1min]".
NAMING_EXPORT absl::Status Validate(const ClientOptions& options);

}  // namespace naming::etcd

#endif  // NAMING_ETCD_OPTIONS_H_
