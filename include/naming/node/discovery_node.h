// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_DISCOVERY_NODE_H_
#define NAMING_NODE_DISCOVERY_NODE_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/log.h"

namespace naming::node {

// How a DiscoveryNode behaves. Copied by DiscoveryNode::Start().
//
// Thread-compatible. A value.
struct NAMING_EXPORT DiscoveryNodeOptions {
  // --- Behaviour ---

  // Where it listens, "host:port"; port 0 takes a free one.
  std::string listen = "127.0.0.1:0";

  // Where it says that it runs; the node registers itself as infra.discovery
  // there.
  std::string region = "region01";
  std::string zone = "zone01";
  std::string env = "dev";

  // The hostname that it registers itself with. Empty: the operating system's
  // host name, ":" and the port.
  std::string hostname;

  // Where log records go; empty: nowhere. It is called on the node's thread.
  LogSink log_sink;
};

// Returns whether a node can be started with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field.
NAMING_EXPORT absl::Status Validate(const DiscoveryNodeOptions& options);

// A discovery server in this process: the ten endpoints of bilibili/discovery
// under /discovery, with long polls, expiry and self-preservation. State is in
// memory only. For examples, tests and development; production runs
// bilibili/discovery or another registry.
//
// An instance that no longer renews goes after 90 s, at the next sweep, one of
// which comes each minute; but while more than 15 % of all renewals stay away,
// not before an hour has passed. Of three instances, the node itself among them,
// a single silent one is that many already.
//
// Thread-safe, from threads other than its own. Owns one thread.
class NAMING_EXPORT DiscoveryNode final {
 public:
  // Returns a node that listens and answers. A host name in options.listen is
  // looked up, which may take its time.
  //
  // Errors: kInvalidArgument, see Validate(); kUnavailable, the address can't
  // be listened on; the message has the system's reason.
  static absl::StatusOr<std::unique_ptr<DiscoveryNode>> Start(
      DiscoveryNodeOptions options);

  // Stops it, cutting held polls without an answer.
  ~DiscoveryNode();

  DiscoveryNode(const DiscoveryNode&) = delete;
  DiscoveryNode& operator=(const DiscoveryNode&) = delete;

  // Returns "host:port", with the port that it really listens on.
  std::string address() const;

  // Stops listening and closes every connection; waits until that is done. From
  // then on another node can listen on the same address. Further calls do
  // nothing.
  void Stop();

  // Moves the node's clock forward, with everything that falls due on the way:
  // ends of held polls, sweeps, expiries. Waits until that is done.
  void AdvanceClock(std::chrono::milliseconds by);

 private:
  struct Rep;
  explicit DiscoveryNode(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_DISCOVERY_NODE_H_
