// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_DISCOVERY_NODE_H_
#define NAMING_NODE_DISCOVERY_NODE_H_

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/log.h"
#include "naming/node/fault.h"
#include "naming/node/received_request.h"

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
  // host name, ":" and the port. At most 255 bytes.
  std::string hostname;

  // Where log records go; empty: nowhere. It is called on the node's thread.
  LogSink log_sink;

  // A directory whose *.json files tell, each for one application, how clients
  // spread over zones: a real server's scheduler files. Empty: there are none.
  std::string scheduler_dir;

  // Which faults of real servers it has, so that a test can show that a client
  // stands them: none, unless they are named. A version, "v1.1.1", "v1.1.2" or
  // "v1.2.0", stands for those that it had; the first eight are of all three.
  //   shared-poll-channels    polls of one hostname get each other's answers
  //   joined-addrs            other nodes get all addresses as one
  //   quiet-set               /set doesn't raise the revision
  //   quiet-last-cancel       nobody is told that the last instance has gone
  //   ignored-dirty           an older dirty_timestamp is answered 0, no more
  //   hanging-writes          a write waits for a node that hangs
  //   home-zone-only          renewals and cancellations stay in a zone
  //   preserved-few           of two or three a dead one stays for an hour
  //   missing-app-fails-poll  v1.1.1, v1.1.2: one unknown application fails all
  //   zeroing-set             both: /set makes timestamps 0
  //   listed-scheduler        both: the scheduler is a list
  //   doubled-timeout         both: the end of a poll is told twice
  //   leaking-protection      both: a protected node answers behind its error
  //   plain-polls             both: polls answers without "error"
  //   comma-lists             v1.1.1: commas separate what is a list
  //   restarting-version      v1.1.1: revisions count from 1
  std::vector<std::string> quirks;

  // The nodes of its own zone, each "host:port", with or without itself: they
  // pass on to each other what they are told. A node that stands here under
  // another name than options.listen, or listens on all of its machine's
  // addresses, is known by what stands here; so a node is to have one name in
  // the options of all. Nodes that register themselves as infra.discovery with
  // any of them join in. Empty, and `zones` too: it keeps to itself.
  std::vector<std::string> nodes;

  // Nodes of other zones, by zone.
  std::map<std::string, std::vector<std::string>> zones;

  // Answers reads with code -500 after the start until a peer has told what
  // there is, or for a minute, so that no client takes an empty node's word
  // that everything is gone.
  bool protect = false;

  // A file that instances outlive a restart in, with the time since they last
  // renewed; who hasn't for an hour is left out. Its directory exists and can
  // be written to; what else goes wrong with it is logged, no more. A file that
  // can't be read as a state is kept as "<state_file>.unreadable". Empty: none,
  // state is in memory only.
  std::string state_file;

  // --- Tuning ---

  // How many of the latest requests it remembers for requests(). Range: 0 to
  // 1,000,000.
  int recorded_requests = 1000;
};

// Returns whether a node can be started with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field.
NAMING_EXPORT absl::Status Validate(const DiscoveryNodeOptions& options);

// A discovery server in this process: the ten endpoints of bilibili/discovery
// under /discovery, with long polls, expiry, self-preservation and replication
// to its peers. For examples, tests and development; production runs
// bilibili/discovery or another registry.
//
// An instance that no longer renews goes after 90 s, at the next sweep, one of
// which comes each minute; but while more than 15 % of all renewals stay away,
// not before an hour has passed. With three instances or fewer, the node itself
// among them, that many staying away means nothing.
//
// A request's body has up to 1 MiB, and up to 16 MiB when another node passes a
// write on, so that it can pass on whatever it was told; beyond that the answer
// is HTTP 413. What a peer refuses is logged, and that peer goes without it.
//
// Thread-safe, from threads other than its own. Owns one thread, and another
// when it has a state file.
class NAMING_EXPORT DiscoveryNode final {
 public:
  // Returns a node that listens and answers. A host name in options.listen is
  // looked up, and so are those in options.nodes and options.zones that have
  // the same port, which may take its time.
  //
  // Errors: kInvalidArgument, see Validate(), or options.scheduler_dir can't be
  // read, or no file written beside options.state_file; kUnavailable, the
  // address can't be listened on, or there isn't memory enough. The message has
  // the system's reason.
  static absl::StatusOr<std::unique_ptr<DiscoveryNode>> Start(
      DiscoveryNodeOptions options);

  // Stops it, cutting held polls without an answer.
  ~DiscoveryNode();

  DiscoveryNode(const DiscoveryNode&) = delete;
  DiscoveryNode& operator=(const DiscoveryNode&) = delete;

  // Returns "host:port", with the port that it really listens on.
  std::string address() const;

  // Takes its infra.discovery entry away from its peers, waiting for them for
  // up to a second; then stops listening and closes every connection; waits
  // until that is done. From then on another node can listen on the same
  // address. Further calls do nothing.
  void Stop();

  // Moves the node's clock forward, with everything that falls due on the way:
  // ends of held polls, sweeps, expiries. Waits until that is done.
  void AdvanceClock(std::chrono::milliseconds by);

  // Reads the files of options.scheduler_dir again, blocking on the disk. They
  // are served from then on; no held poll is answered for it. A malformed file
  // is logged and left out.
  //
  // Errors: kInvalidArgument, the directory can't be read; nothing changes.
  absl::Status ReloadSchedulers();

  // The rest is for tests, which make a node do what real ones do on bad days,
  // and see what their program does then.

  // Removes the instances of `app_id` that have that hostname, of every env and
  // zone, as if their leases had run out: pollers are told, and the next
  // renewal is answered -404. Waits until that is done. Returns how many there
  // were; 0 once the node has stopped.
  int Evict(std::string_view app_id, std::string_view hostname);

  // Makes `fault` befall the requests that come from now on; of several that
  // match a request, the one that was added first.
  void AddFault(Fault fault);

  // Forgets every fault; what is delayed already stays so.
  void ClearFaults();

  // Returns the latest requests, in the order in which they came, as many as
  // `recorded_requests` says.
  std::vector<ReceivedRequest> requests() const;

  // Forgets the requests so far.
  void ClearRequests();

 private:
  struct Rep;
  explicit DiscoveryNode(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_DISCOVERY_NODE_H_
