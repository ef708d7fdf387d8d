// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_XDS_SERVER_H_
#define NAMING_XDS_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/builder.h"
#include "naming/export.h"
#include "naming/log.h"

namespace naming::xds {

// Where an xDS Server listens, and what it serves. Copied by Server::Start().
//
// Thread-compatible. A value.
struct NAMING_EXPORT ServerOptions {
  // "unix:path", whose file others than its owner can't use (for a moment, what
  // the program's umask says); "unix-abstract:name", which every program of
  // this machine can; or "host:port" with a host that is this machine's
  // loopback, port 0: a free one. Paths, made absolute, and names have at most
  // 107 bytes, without '%', '?', '#' and control characters, because clients
  // read them in a URI.
  std::string listen = "unix:naming-xds.sock";

  // Whether `listen` may be an address that other machines reach. There is
  // neither authentication nor encryption.
  bool is_public = false;

  // Which address of an Instance is served.
  std::string addr_scheme = "grpc";

  // The zone of clients whose node doesn't say: Endpoints there are preferred.
  // Empty: none is.
  std::string zone;

  // How often clients try a call again that ended with UNAVAILABLE. Only for
  // applications all of whose methods may be executed twice. gRPC makes at most
  // 5 attempts. Range: [0, 4].
  int retries = 0;

  // How long a call may take; zero: as long as its deadline says. Range: [0ms,
  // 24h].
  std::chrono::milliseconds max_stream_duration{0};

  // Where log records go; empty: nowhere.
  LogSink log_sink;

  // --- Tuning ---

  // More clients at a time are turned away. Range: [1, 100000].
  int max_streams = 1000;

  // So many names of each type may a client subscribe to; of listeners and
  // clusters, fewer when they wouldn't fit into a response of 4 MiB. Range: [1,
  // 100000].
  int max_names = 10'000;
};

// Returns whether a Server can be started with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "xds: options.retries: must be in [0, 4]".
NAMING_EXPORT absl::Status Validate(const ServerOptions& options);

// Thread-compatible. A value.
struct NAMING_EXPORT ServerStats {
  std::uint64_t streams = 0;       // Open now.
  std::uint64_t applications = 0;  // Followed now.
  std::uint64_t responses = 0;     // Sent, ever.
  std::uint64_t refusals = 0;      // Responses that a client has refused, ever.
  std::uint64_t skipped = 0;       // Endpoints now whose host is no IP address.
};

// Serves the applications of a registry by xDS v3, to gRPC clients of every
// language and to Envoy: their channels to "xds:///demo.greeter" call the
// Instances of the application "demo.greeter".
//
// Of xDS it serves LDS, RDS, CDS and EDS on one aggregated stream, state of the
// world. An application is followed while somebody subscribes to it, and for a
// minute after, so that clients which come back find their list. One that
// the registry doesn't know has no Endpoints; while the registry hasn't
// answered at all, nothing is said of them. See docs/xds.md.
//
// Thread-safe. Needs the Builder as long as it lives. Destroying it ends all
// streams; clients keep what they have.
class NAMING_EXPORT Server final {
 public:
  // Listens. `builder`, such as a discovery::Client, outlives the Server.
  //
  // Errors: kInvalidArgument, an option is malformed; kFailedPrecondition, it
  // can't listen there.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      Builder& builder, ServerOptions options = {});

  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Returns where clients find it, as gRPC writes it: "unix:/run/x.sock",
  // "unix-abstract:x" or "127.0.0.1:18000". Where it listens on all addresses,
  // it is the one from which this machine reaches others, if there is any.
  const std::string& address() const;

  // Returns what gRPC clients need in GRPC_XDS_BOOTSTRAP_CONFIG, with `node_id`
  // as their name and, unless it is empty, `zone` as their zone.
  std::string Bootstrap(const std::string& node_id,
                        const std::string& zone = "") const;

  ServerStats stats() const;

 private:
  struct Rep;
  explicit Server(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace naming::xds

#endif  // NAMING_XDS_SERVER_H_
